import Logging
import Providers
import Shared

/// Effects: what changes something at a provider happens once, whatever dies on the way.
///
/// 1. Look up what is known: of this command, of the caller's key, of the payment. A recorded answer is given again; an
///    attempt without an answer is recovered first. Only what nobody knows is new, and only then its deadline counts.
/// 2. Append *attempted*, with the caller's key: no call before the journal proves that it counts.
/// 3. Call.
/// 4. Append *settled*; once that is proven, publish; the command is done.
extension CommandProcessor {
    /// What is to be done with a command.
    enum Decision: Sendable {
        /// It is new; the payment as it is known up to a position in the log, if it is one.
        case start(PaymentRecord?, known: Int64)
        /// An earlier attempt at the payment has left something to be published before another one begins.
        case publish(JournalKey)
        /// A recorded answer.
        case answer(RecordedAnswer, entry: EffectEntry, isReplayed: Bool)
        /// An entry has to be recovered first. It stands for this command, or keeps it from running.
        case recover(JournalKey, isOwnAnswer: Bool)
        /// A refusal that nothing is recorded of.
        case refuse(ErrorResponse)
    }

    /// Runs a command that changes something.
    func runEffect(
        _ command: Command, _ operation: OperationDescription, _ message: KafkaMessage, _ place: Place
    ) async -> RecordDisposition {
        let started = timing.now
        let left = timeLeft(of: command)
        do {
            while true {
                switch try await decide(command, place) {
                case .answer(let answer, let entry, let isReplayed):
                    return try await finish(command, answer, entry, isReplayed: isReplayed, message, place)
                case .refuse(let response):
                    return await publish(Outcome(refusal: response, command), of: command, message)
                case .recover(let key, let isOwnAnswer):
                    let time = max(.seconds(1), left - (timing.now - started))
                    switch try await recover(key, place, within: time, for: command) {
                    case .settled: continue
                    case .lost: return .again
                    case .unknown:
                        guard isOwnAnswer else { return await refuseBehindUnknown(command, message, place) }
                        return try await leaveUnknown(command, operation, key, message, place)
                    }
                case .publish(let key):
                    guard try await tidyUp(key, place), try await publishOwed(key, place) else {
                        return await pauseThenAgain()
                    }
                case .start(let record, let known):
                    let time = isLate(command) ? .zero : timeLeft(of: command)
                    let entry = newEntry(command, record, known: known, time: time)
                    if isLate(command) { return try await recordExpired(command, entry, message, place) }
                    return try await start(command, operation, entry, message, place)
                }
            }
        } catch {
            return await afterJournalFailure(error)
        }
    }

    private func isLate(_ command: Command) -> Bool {
        command.deadlineMilliseconds.map { clock.unixMilliseconds > $0 } ?? false
    }

    // MARK: - What is known

    private func decide(_ command: Command, _ place: Place) async throws -> Decision {
        let payment = command.operation.isPayment ? command.reference.shopTransactionID : nil
        let key: JournalKey = payment.map { .payment($0) } ?? .command(command.id)
        let (known, position) = try await known(key, place)
        if let own = known?.effect(of: command.id) { return decision(on: own, known, isReplayed: false) }
        if let claimed = try await decideByClaim(command, known, place) { return claimed }
        guard let payment else {
            let group = EffectState.group(of: command.operation, lane: command.lane.key)
            if let open = try await journal.openEntry(ofGroup: group, in: place.partition) {
                // A former owner's late record can make it look unsettled: then it only has to be written again.
                let isSettled = try await self.known(open, place).entry?.entry?.effect.answer != nil
                return isSettled ? .publish(open) : .recover(open, isOwnAnswer: false)
            }
            return .start(nil, known: position)
        }
        let record = known?.payment ?? PaymentRecord(shopTransactionID: payment)
        switch PayGuard.decide(command, isSameProducts: { isProducts(of: command, $0) }, record: record) {
        case .start where known?.owes == true: return .publish(key)
        case .start: return .start(record, known: position)
        case .recover: return .recover(key, isOwnAnswer: true)
        case .mismatch(let issue): return .refuse(Self.mismatch(issue))
        case .answer(let attempt, let isReplayed): return decision(on: attempt.effect, known, isReplayed: isReplayed)
        }
    }

    private func decision(on effect: EffectState, _ known: KnownEntry?, isReplayed: Bool) -> Decision {
        guard let known, let entry = known.entry else { return .start(nil, known: 0) }
        guard let answer = effect.answer else { return .recover(known.key, isOwnAnswer: true) }
        return .answer(answer, entry: entry, isReplayed: isReplayed)
    }

    /// What the caller's key says, or the command that it names; `nil` when the command is to be judged by itself.
    private func decideByClaim(
        _ command: Command, _ payment: KnownEntry?, _ place: Place
    ) async throws -> Decision? {
        guard let claim = command.claim, let keyHash = claim.keyHash else { return nil }
        var (known, effect): (KnownEntry?, EffectState?)
        if let bits = JournalClaim(keyHash: keyHash), let key = try await journal.key(of: bits, in: place.partition) {
            known = try await self.known(key, place).entry
            effect = known?.effects.last { $0.claim == keyHash && $0.commandID != command.id }
        }
        if effect == nil, let joined = claim.joins, joined != command.id {
            known = payment?.effect(of: joined) == nil ? try await self.known(.command(joined), place).entry : payment
            // Somebody else's command is none that could be joined.
            effect = known?.effects.last { $0.commandID == joined && $0.scope == claim.scope }
        }
        guard let effect else { return nil }
        let isSame = codec.isCode(effect.requestCode, of: Self.canonical(command)) ?? true
        guard isSame else { return .refuse(Self.keyReused) }
        // An answer that the provider did not give stands for nothing.
        guard effect.answer?.isProviderOutcome ?? true else { return nil }
        return decision(on: effect, known, isReplayed: true)
    }

    private static let keyReused = ErrorResponse(
        .idempotencyKeyReused, "this Idempotency-Key was used for a request with another body or payment method")

    private static func mismatch(_ issue: FieldIssue) -> ErrorResponse {
        var response = ErrorResponse(
            .paymentMismatch, "the payment exists with another \(issue.field); use another shopTransactionID")
        response.details = [issue]
        return response
    }

    // MARK: - A new effect

    private func start(
        _ command: Command, _ operation: OperationDescription, _ entry: EffectEntry, _ message: KafkaMessage,
        _ place: Place
    ) async throws -> RecordDisposition {
        let started = timing.now
        let end = started + timeLeft(of: command)
        crashes?.pass(.beforeAttempted)
        let attemptID = journal.makeID(command.id.value, epoch: place.epoch)
        switch await write(entry, .attempted, attemptID: attemptID, place, isTooLate: { timing.now > end }) {
        case .valid: break
        case .void, .unconfirmed: return await pauseThenAgain()
        case .notWritable: return await publish(Outcome(refusal: Self.notWritable, command), of: command, message)
        }
        crashes?.pass(.afterAttempted)
        let way = recovery(of: entry)
        let progress = EffectProgress(entry)
        do {
            let answer = try await attempt(until: end, mayRepeat: way.isProtectedByKey || operation.effect == .none) {
                (end) async throws(ProviderFailure) in
                try await self.call(entry, progress, attemptID: attemptID, trace: command.trace, end: end, place)
            }
            crashes?.pass(.afterEffect)
            let settled = RecordedAnswer(Outcome(answer: answer), atMilliseconds: clock.unixMilliseconds)
            metrics.executed(command, outcome: settled.label, after: timing.now - started)
            return try await settle(entry, settled, attemptID, command, message, place)
        } catch let failure as ProviderFailure {
            metrics.executed(command, outcome: failure.code.rawValue, after: timing.now - started)
            warn(command, failure)
            guard failure.mayHaveHadEffect else {
                let outcome = Outcome(failure: failure, command, operation)
                let settled = RecordedAnswer(
                    outcome, effect: RecordedAnswer.Effect.none, atMilliseconds: clock.unixMilliseconds)
                return try await settle(entry, settled, attemptID, command, message, place)
            }
            return try await afterLostCall(
                progress.added(to: entry), attemptID, command, operation, failure, end, message, place)
        }
    }

    /// Notes the end of the call, and clears it up at once when there is time left for it.
    private func afterLostCall(
        _ entry: EffectEntry, _ attemptID: String, _ command: Command, _ operation: OperationDescription,
        _ failure: ProviderFailure, _ end: Duration, _ message: KafkaMessage, _ place: Place
    ) async throws -> RecordDisposition {
        journal.metrics.unknown(command.operation)
        let noted = await write(entry, .unknown, attemptID: attemptID, place, isTooLate: { Task.isCancelled })
        guard noted == .valid else { return await pauseThenAgain() }
        clearingUp: while end - timing.now > RetryDecision.usefulTimeMin {
            switch try await recover(entry.key, place, within: end - timing.now, for: command) {
            case .settled: return .again
            case .lost: return .again
            case .unknown:
                guard await timing.pause(for: .milliseconds(500)) else { break clearingUp }
            }
        }
        guard try await noteUntold(entry.key, place) else { return await pauseThenAgain() }
        return await publish(Outcome(failure: failure, command, operation), of: command, message)
    }

    private func settle(
        _ entry: EffectEntry, _ answer: RecordedAnswer, _ attemptID: String, _ command: Command,
        _ message: KafkaMessage, _ place: Place
    ) async throws -> RecordDisposition {
        var settled = entry
        settled.settle(answer)
        switch await write(settled, .settled, attemptID: attemptID, place, isTooLate: { Task.isCancelled }) {
        case .valid: break
        // Whoever owns the partition now has its own way to the answer, and this record comes back to it.
        case .void, .unconfirmed: return await pauseThenAgain()
        case .notWritable:
            // The call was made, so nothing may say that it was not.
            logger.error("an answer of the provider is too large for the journal", metadata: metadata(of: command))
            guard try await noteUntold(entry.key, place) else { return await pauseThenAgain() }
            let response = FailureAnswer.unknown(command, effect: .onceUnprotected)
            return await publish(Outcome(refusal: response, command), of: command, message)
        }
        crashes?.pass(.afterSettled)
        return try await finish(command, answer, settled, isReplayed: false, message, place)
    }

    private static let notWritable = ErrorResponse(
        .internalError, "the request could not be recorded, nothing was done")

    /// Publishes a recorded answer, and tells the payment's home what has happened.
    private func finish(
        _ command: Command, _ answer: RecordedAnswer, _ entry: EffectEntry, isReplayed: Bool, _ message: KafkaMessage,
        _ place: Place
    ) async throws -> RecordDisposition {
        var outcome = Outcome(recorded: answer, isReplayed: isReplayed)
        let isOwn = !isReplayed && entry.effect.commandID == command.id
        if isOwn, let late = untoldNews(entry, answer) {
            // Its caller was not given the answer, so the merchant is told.
            guard let notification = try await takeHome(late, entry, place) else { return await pauseThenAgain() }
            outcome.notification = notification.pending
        }
        let (disposition, isReplied) = await publishing(outcome, of: command, message)
        if !isReplied, isOwn, entry.key.isPayment {
            // Nobody was told: that is in the journal before the command is done.
            guard try await takeUntold(command.id, command.lane, place) == .done else { return .again }
        }
        guard disposition == .done, !isReplayed, let news = news(of: entry.effect, answer) else { return disposition }
        return try await sendHome(news, lane: command.lane, trace: command.trace, place) ? .done : .again
    }

    /// Records that a command came too late and never ran; its caller was answered long ago.
    private func recordExpired(
        _ command: Command, _ entry: EffectEntry, _ message: KafkaMessage, _ place: Place
    ) async throws -> RecordDisposition {
        var entry = entry
        entry.settle(Self.expired(atMilliseconds: clock.unixMilliseconds))
        let attemptID = journal.makeID(command.id.value, epoch: place.epoch)
        let outcome = await write(entry, .settled, attemptID: attemptID, place, isTooLate: { Task.isCancelled })
        guard outcome == .valid || outcome == .notWritable else { return await pauseThenAgain() }
        return await expire(command, message)
    }

    /// The outcome of the call that the command stands for stays unknown: its own, or the first one that it repeats.
    private func leaveUnknown(
        _ command: Command, _ operation: OperationDescription, _ key: JournalKey, _ message: KafkaMessage,
        _ place: Place
    ) async throws -> RecordDisposition {
        guard let first = try await unsettled(key, place)?.entry.effect.commandID else { return .again }
        var response: ErrorResponse
        if first != command.id, command.claim?.keyHash != nil {
            response = ErrorResponse(
                .requestStillRunning, "the first request with this Idempotency-Key is not finished")
        } else {
            response = FailureAnswer.unknown(command, effect: operation.effect)
        }
        response.commandID = first
        guard try await noteUntold(key, place) else { return await pauseThenAgain() }
        return await publish(Outcome(refusal: response, command), of: command, message)
    }

    /// An earlier effect of its kind on the payment keeps the command from running.
    private func refuseBehindUnknown(
        _ command: Command, _ message: KafkaMessage, _ place: Place
    ) async -> RecordDisposition {
        let response = ErrorResponse(
            .providerUnavailable, "an earlier request of this kind on the payment is not settled yet")
        let outcome = Outcome(refusal: response, command)
        var entry = newEntry(command, nil, known: 0, time: .zero)
        entry.settle(
            RecordedAnswer(outcome, effect: RecordedAnswer.Effect.none, atMilliseconds: clock.unixMilliseconds))
        let attemptID = journal.makeID(command.id.value, epoch: place.epoch)
        let written = await write(entry, .settled, attemptID: attemptID, place, isTooLate: { Task.isCancelled })
        // What is too large to be recorded would be refused for that anyway.
        guard written == .valid || written == .notWritable else { return await pauseThenAgain() }
        return await publish(outcome, of: command, message)
    }
}
