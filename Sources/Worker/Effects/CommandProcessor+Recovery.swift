import Logging
import Providers
import Shared

/// Clearing up effects whose answer was lost: with a process, on the way, or by an answer that nobody can read.
extension CommandProcessor {
    /// What came of a recovery.
    enum Recovered: Sendable, Hashable {
        /// What became of the effect is in the journal.
        case settled
        /// It is not known yet.
        case unknown
        /// The partition is another process's.
        case lost
    }

    /// Finds out what became of an entry's effect, by the way that its provider states.
    ///
    /// - Parameters:
    ///   - limit: longest time that this may take.
    ///   - command: on whose behalf; it publishes the outcome of its own effect, other outcomes stay to be published.
    func recover(
        _ key: JournalKey, _ place: Place, within limit: Duration, for command: Command?
    ) async throws -> Recovered {
        guard let (entry, mark) = try await unsettled(key, place) else { return .settled }
        let end = timing.now + limit
        let owes = command?.id != entry.effect.commandID
        switch recovery(of: entry) {
        case .repeatUnderKey(let life, let keepsErrors) where age(of: entry) < life && entry.effect.isErrorKept != true:
            let recovered = await again(entry, keepsErrors: keepsErrors, mayRepeat: true, until: end, owes: owes, place)
            guard recovered == .unknown else { return recovered }
            guard let (entry, mark) = try await unsettled(key, place) else { return .settled }
            guard entry.effect.isErrorKept == true else { return .unknown }
            return try await lookUp(
                entry, mark, visibilityLag: Self.lagAfterKeyLife, isAtOnce: true, until: end, owes: owes, place)
        case .repeatUnderKey:
            return try await lookUp(
                entry, mark, visibilityLag: Self.lagAfterKeyLife, until: end, owes: owes, place)
        case .lookUp(let lag):
            return try await lookUp(entry, mark, visibilityLag: lag, until: end, owes: owes, place)
        }
    }

    /// Visibility lag of a provider whose keys have gone: by far longer than any.
    static let lagAfterKeyLife: Duration = .seconds(60)

    private func age(of entry: EffectEntry) -> Duration {
        .milliseconds(max(0, clock.unixMilliseconds - entry.effect.firstAttemptedAtMilliseconds))
    }

    /// An entry whose effect is not settled; `nil` when it is, or when there is none.
    func unsettled(_ key: JournalKey, _ place: Place) async throws -> (entry: EffectEntry, mark: JournalMark)? {
        guard let known = try await known(key, place).entry, let entry = known.entry, entry.effect.answer == nil
        else { return nil }
        return (entry, known.mark)
    }

    /// Makes the call again, under a new attempt and the provider's old key.
    private func again(
        _ entry: EffectEntry, keepsErrors: Bool = false, mayRepeat: Bool, until end: Duration, owes: Bool,
        _ place: Place
    ) async -> Recovered {
        var entry = entry
        entry.effect.durationMilliseconds = Self.milliseconds(end - timing.now + Self.durationMargin)
        let attemptID = journal.makeID(entry.effect.commandID.value, epoch: place.epoch)
        let attempted = await write(entry, .attempted, attemptID: attemptID, place) { timing.now > end }
        guard attempted == .valid else { return .lost }
        let repeated = entry
        let progress = EffectProgress(entry)
        do throws(ProviderFailure) {
            let answer = try await attempt(until: end, mayRepeat: mayRepeat) { (end) async throws(ProviderFailure) in
                do throws(ProviderFailure) {
                    return try await self.call(repeated, progress, attemptID: attemptID, trace: nil, end: end, place)
                } catch {
                    var failure = error
                    if keepsErrors, error.code == .providerError { failure.isTransient = false }
                    throw failure
                }
            }
            return await settle(entry, Outcome(answer: answer), attemptID, owes: owes, place)
        } catch {
            note(entry, error)
            // Under a key, a call that did nothing says nothing about the one before it.
            if !mayRepeat, !error.mayHaveHadEffect {
                let refused = Outcome(refusal: Self.notExecuted, nil)
                return await settle(entry, refused, attemptID, owes: owes, place)
            }
            var unknown = progress.added(to: entry)
            // The key gives the same error for as long as it lives: from now on the provider is only asked.
            if keepsErrors, error.code == .providerError { unknown.effect.isErrorKept = true }
            let noted = await write(unknown, .unknown, attemptID: attemptID, place) { Task.isCancelled }
            return noted == .valid ? .unknown : .lost
        }
    }

    /// Asks the provider, once the lost call can no longer be under way and must be visible.
    ///
    /// - Parameter isAtOnce: whether it is asked before too: what it knows then counts, what it does not know does not.
    private func lookUp(
        _ first: EffectEntry, _ mark: JournalMark, visibilityLag: Duration, isAtOnce: Bool = false,
        until end: Duration, owes: Bool, _ place: Place
    ) async throws -> Recovered {
        if isAtOnce {
            let found = await answer(first, mark.attemptID, until: end, owes: owes, place)
            if found != .notFound { return found.recovered }
        }
        let isUnderWay = mark.stage == .attempted
        let wait = (isUnderWay ? .milliseconds(first.effect.durationMilliseconds) : .zero) + visibilityLag
        let left = wait - journal.age(of: mark, first.key, in: place.partition)
        guard timing.now + left < end else { return .unknown }
        if left > .zero {
            guard await timing.pause(for: left) else { return .unknown }
        }
        // Meanwhile somebody may have settled it, or begun it anew.
        guard let (entry, current) = try await unsettled(first.key, place) else { return .settled }
        guard current.attemptID == mark.attemptID, current.stage == mark.stage else { return .unknown }
        let found = await answer(entry, mark.attemptID, until: end, owes: owes, place)
        guard found == .notFound else { return found.recovered }
        // It provably never happened. It is done now only if somebody still waits for it.
        let isWanted = entry.effect.deadlineMilliseconds.map { clock.unixMilliseconds < $0 } ?? true
        if isWanted, end - timing.now > RetryDecision.usefulTimeMin {
            return await again(withFreshKey(entry), mayRepeat: false, until: end, owes: owes, place)
        }
        if isWanted { return .unknown }
        return await settle(entry, Outcome(refusal: Self.notExecuted, nil), mark.attemptID, owes: owes, place)
    }

    /// An effect that provably never happened, to be attempted under a key that keeps no error.
    private func withFreshKey(_ entry: EffectEntry) -> EffectEntry {
        guard entry.effect.isErrorKept == true else { return entry }
        var fresh = entry
        fresh.effect.providerKey += "+"
        fresh.effect.firstAttemptedAtMilliseconds = clock.unixMilliseconds
        fresh.effect.isErrorKept = nil
        return fresh
    }

    /// What a provider's answer to a look-up has led to.
    private enum LookedUp: Sendable, Hashable {
        case recovered(Recovered)
        /// The provider does not know the effect.
        case notFound

        var recovered: Recovered {
            if case .recovered(let recovered) = self { return recovered }
            return .unknown
        }
    }

    /// Asks the provider once, and settles the effect by what it knows.
    private func answer(
        _ entry: EffectEntry, _ attemptID: String, until end: Duration, owes: Bool, _ place: Place
    ) async -> LookedUp {
        do throws(ProviderFailure) {
            let call = providerCall(entry.effect, timeout: min(settings.providerTimeout, end - timing.now))
            let answer = try await traced("look up", nil) { (_) async throws(ProviderFailure) in
                try await self.provider.reconcile(call)
            }
            guard let answer else { return .notFound }
            return .recovered(await settle(entry, Outcome(answer: answer), attemptID, owes: owes, place))
        } catch {
            note(entry, error)
            return .recovered(.unknown)
        }
    }

    static let notExecuted = ErrorResponse(.providerUnavailable, "the request was not executed")

    func settle(
        _ entry: EffectEntry, _ outcome: Outcome, _ attemptID: String, owes: Bool, _ place: Place
    ) async -> Recovered {
        var settled = entry
        let effect: RecordedAnswer.Effect? = outcome.statusCode >= 500 ? RecordedAnswer.Effect.none : nil
        settled.settle(RecordedAnswer(outcome, effect: effect, atMilliseconds: clock.unixMilliseconds))
        let written = await write(settled, .settled, attemptID: attemptID, place, owes: owes) { Task.isCancelled }
        guard written == .valid else { return .lost }
        journal.metrics.recovered(entry.effect.operation, outcome.label)
        return .settled
    }

    private func note(_ entry: EffectEntry, _ failure: ProviderFailure) {
        logger.warning(
            "an effect of unknown outcome could not be cleared up yet",
            metadata: .of([
                .commandID: entry.effect.commandID.value, .provider: description.name.value,
                .operation: entry.effect.operation.rawValue, .code: failure.code.rawValue,
            ]))
    }

    // MARK: - Without a caller

    /// Works on an entry that has been open for a while: takes late records into account, finds out what became of it,
    /// and publishes that.
    func clearUp(_ key: JournalKey, _ place: Place) async -> RecordDisposition {
        do {
            guard try await tidyUp(key, place) else { return .done }
            switch try await recover(key, place, within: settings.providerTimeout, for: nil) {
            case .settled: return try await publishOwed(key, place) ? .done : .again
            case .unknown: return .done
            // A partition that is another's comes back with its own list of open entries.
            case .lost: return .done
            }
        } catch {
            return await afterJournalFailure(error)
        }
    }

    /// Writes an entry again that late records have changed, or that the broker will forget before long.
    ///
    /// - Returns: `false` when that could not be done.
    func tidyUp(_ key: JournalKey, _ place: Place) async throws -> Bool {
        guard let known = try await known(key, place).entry, known.hasLate || known.isAgeing else { return true }
        return await rewrite(known, place) == .valid
    }

    /// Writes an entry as it is in the epoch of its owner.
    private func rewrite(_ known: KnownEntry, _ place: Place) async -> AppendOutcome {
        guard let entry = known.entry else {
            guard let payment = known.payment else { return .valid }
            return await write(payment, after: known, known: known.position, place)
        }
        return await write(
            entry, known.mark.stage, attemptID: known.mark.attemptID, place, owes: known.owes
        ) { Task.isCancelled }
    }

    /// Notes that the caller of an effect was not given its outcome, so that whoever settles it tells the merchant.
    ///
    /// - Returns: `false` when the journal is another's, or the effect is settled by now.
    func noteUntold(_ key: JournalKey, _ place: Place) async throws -> Bool {
        guard let (entry, mark) = try await unsettled(key, place) else { return false }
        if entry.effect.isUntold == true { return true }
        var noted = entry
        noted.effect.isUntold = true
        return await write(noted, mark.stage, attemptID: mark.attemptID, place) { Task.isCancelled } == .valid
    }

    /// The caller of a command was answered that its outcome is unknown: if that is known, the merchant is told now,
    /// otherwise by whoever settles it.
    func takeUntold(_ command: CommandID, _ lane: Lane, _ place: Place) async throws -> RecordDisposition {
        guard let shopTransactionID = lane.shopTransactionID else { return .done }
        let key = JournalKey.payment(shopTransactionID)
        guard let known = try await known(key, place).entry, var entry = known.entry else { return .done }
        // A payment that was refused and begun anew is told by its last attempt.
        guard known.effect(of: command) == nil || entry.effect.commandID == command else { return .done }
        entry.effect.isUntold = true
        let owes = entry.effect.answer != nil
        let written = await write(entry, known.mark.stage, attemptID: known.mark.attemptID, place, owes: owes) {
            Task.isCancelled
        }
        guard written == .valid else { return await pauseThenAgain() }
        return try await publishOwed(key, place) ? .done : .again
    }

    /// Publishes the outcome of an entry that is settled and still open, then closes it.
    ///
    /// - Returns: `false` when it could not be done to the end.
    func publishOwed(_ key: JournalKey, _ place: Place) async throws -> Bool {
        guard let known = try await known(key, place).entry, known.owes, let entry = known.entry,
            let answer = entry.effect.answer
        else { return true }
        var outcome = Outcome(recorded: answer, isReplayed: false)
        if let late = untoldNews(entry, answer) {
            guard let notification = try await takeHome(late, entry, place) else { return false }
            outcome.notification = notification.pending
        }
        let command = command(of: entry.effect)
        switch await storeResult(outcome, of: command) {
        case .stored: break
        case .givenUp: return false
        // No repeat makes it smaller; what became of the effect stays in the journal.
        case .tooLarge: logger.error("a result is too large for the broker", metadata: metadata(of: command))
        }
        if let news = news(of: entry.effect, answer), let lane = Lane(key: entry.effect.lane) {
            guard try await sendHome(news, lane: lane, trace: nil, place) else { return false }
        }
        guard let current = try await self.known(key, place).entry?.entry else { return false }
        let closed = await write(current, .settled, attemptID: known.mark.attemptID, place) { Task.isCancelled }
        return closed == .valid
    }

    /// The command of an effect, as far as a result needs it.
    private func command(of effect: EffectState) -> Command {
        Command(
            id: effect.commandID, provider: description.name, operation: effect.operation,
            paymentMethod: effect.paymentMethod, reference: effect.reference, amount: effect.amount,
            acceptedAtMilliseconds: effect.firstAttemptedAtMilliseconds, payload: CommandPayload())
    }
}
