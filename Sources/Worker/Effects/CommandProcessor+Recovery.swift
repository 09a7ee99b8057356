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
        case .repeatUnderKey(let life) where age(of: entry) < life:
            return await again(entry, mayRepeat: true, until: end, owes: owes, place)
        case .repeatUnderKey:
            return await lookUp(entry, mark, visibilityLag: Self.lagAfterKeyLife, until: end, owes: owes, place)
        case .lookUp(let lag):
            return await lookUp(entry, mark, visibilityLag: lag, until: end, owes: owes, place)
        }
    }

    /// Visibility lag of a provider whose keys have gone: by far longer than any.
    static let lagAfterKeyLife: Duration = .seconds(60)

    private func age(of entry: EffectEntry) -> Duration {
        .milliseconds(max(0, clock.unixMilliseconds - entry.effect.firstAttemptedAtMilliseconds))
    }

    /// An entry whose effect is not settled; `nil` when it is, or when there is none.
    func unsettled(_ key: JournalKey, _ place: Place) async throws -> (entry: EffectEntry, mark: JournalMark)? {
        guard let (entry, mark) = try await entry(key, place), entry.effect.answer == nil else { return nil }
        return (entry, mark)
    }

    /// An entry with its effect; `nil` when there is none.
    func entry(_ key: JournalKey, _ place: Place) async throws -> (entry: EffectEntry, mark: JournalMark)? {
        if key.isPayment {
            guard let found = try await journal.entry(PaymentRecord.self, key, of: place.partition) else { return nil }
            return EffectEntry(found.content).map { ($0, found.mark) }
        }
        guard let found = try await journal.entry(EffectState.self, key, of: place.partition) else { return nil }
        return (EffectEntry(key, found.content), found.mark)
    }

    /// Makes the call again, under a new attempt and the provider's old key.
    private func again(
        _ entry: EffectEntry, mayRepeat: Bool, until end: Duration, owes: Bool, _ place: Place
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
                try await self.call(repeated, progress, attemptID: attemptID, trace: nil, end: end, place)
            }
            return await settle(entry, Outcome(answer: answer), attemptID, owes: owes, place)
        } catch {
            note(entry, error)
            // Under a key, a call that did nothing says nothing about the one before it.
            if !mayRepeat, !error.mayHaveHadEffect {
                return await settle(entry, Outcome(refusal: Self.notExecuted, nil), attemptID, owes: owes, place)
            }
            let noted = await write(progress.added(to: entry), .unknown, attemptID: attemptID, place) {
                Task.isCancelled
            }
            return noted == .valid ? .unknown : .lost
        }
    }

    /// Asks the provider, once the lost call can no longer be under way and must be visible.
    private func lookUp(
        _ entry: EffectEntry, _ mark: JournalMark, visibilityLag: Duration, until end: Duration, owes: Bool,
        _ place: Place
    ) async -> Recovered {
        let isUnderWay = mark.stage == .attempted
        let wait = (isUnderWay ? .milliseconds(entry.effect.durationMilliseconds) : .zero) + visibilityLag
        let left = faults.contains(.waitSkipped) ? .zero : wait - journal.age(of: mark, entry.key, in: place.partition)
        guard timing.now + left < end else { return .unknown }
        if left > .zero {
            guard await timing.pause(for: left) else { return .unknown }
        }
        do throws(ProviderFailure) {
            let call = providerCall(entry.effect, timeout: min(settings.providerTimeout, end - timing.now))
            let answer = try await traced("look up", nil) { (_) async throws(ProviderFailure) in
                try await self.provider.reconcile(call)
            }
            if let answer { return await settle(entry, Outcome(answer: answer), mark.attemptID, owes: owes, place) }
        } catch {
            note(entry, error)
            return .unknown
        }
        // It provably never happened. It is done now only if somebody still waits for it.
        let isWanted = entry.effect.deadlineMilliseconds.map { clock.unixMilliseconds < $0 } ?? true
        if isWanted, end - timing.now > RetryDecision.usefulTimeMin {
            return await again(entry, mayRepeat: false, until: end, owes: owes, place)
        }
        if isWanted { return .unknown }
        return await settle(entry, Outcome(refusal: Self.notExecuted, nil), mark.attemptID, owes: owes, place)
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

    /// Works on an entry that has been open for a while: finds out what became of it, and publishes that.
    func clearUp(_ key: JournalKey, _ place: Place) async -> RecordDisposition {
        do {
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

    /// Publishes the outcome of an entry that is settled and still open, then closes it.
    ///
    /// - Returns: `false` when it could not be done to the end.
    func publishOwed(_ key: JournalKey, _ place: Place) async throws -> Bool {
        guard let (entry, mark) = try await entry(key, place), mark.isOpen, let answer = entry.effect.answer else {
            return true
        }
        var outcome = Outcome(recorded: answer, isReplayed: false)
        var current = entry
        if let late = lateNews(entry, answer) {
            guard let notification = try await takeHome(late, entry, place) else { return false }
            outcome.notification = notification.pending
            if let (changed, _) = try await self.entry(key, place) { current = changed }
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
            if let (changed, _) = try await self.entry(key, place) { current = changed }
        }
        let closed = await write(current, .settled, attemptID: mark.attemptID, place) { Task.isCancelled }
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
