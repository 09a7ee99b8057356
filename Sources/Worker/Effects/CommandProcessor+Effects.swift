import Logging
import Providers
import Shared

/// Effects: what changes something at a provider happens once, whatever dies on the way.
///
/// 1. Look up what is known: of this command, of the caller's key, of the payment. A recorded answer is given again; an
///    attempt without an answer is recovered first. Only what nobody knows is new, and only then its deadline counts.
/// 2. Append *attempted* and read it back: no call without it.
/// 3. Call.
/// 4. Append *settled* and read it back; publish; the command is done.
extension CommandProcessor {
    /// What is to be done with a command.
    enum Decision: Sendable {
        /// It is new; the payment's record, if it is a payment that has one.
        case start(PaymentRecord?)
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
        if faults.contains(.deadlineFirst), isLate(command) { return await expire(command, message) }
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
                        let first = try await unsettled(key, place)?.entry.effect.commandID
                        return isOwnAnswer
                            ? await leaveUnknown(command, operation, first: first ?? command.id, message)
                            : await refuseBehindUnknown(command, message, place)
                    }
                case .start(let record):
                    if let record, try await isOwing(record, place) {
                        guard try await publishOwed(.payment(record.shopTransactionID), place) else {
                            return await pauseThenAgain()
                        }
                        continue
                    }
                    if isLate(command) { return try await recordExpired(command, record, message, place) }
                    return try await start(command, operation, record, message, place)
                }
            }
        } catch {
            return await afterJournalFailure(error)
        }
    }

    /// Whether an earlier attempt at a payment has left something to be published before another one begins.
    private func isOwing(_ record: PaymentRecord, _ place: Place) async throws -> Bool {
        let known = try await entry(.payment(record.shopTransactionID), place)
        return known.map { $0.mark.isOpen && $0.entry.effect.answer != nil } ?? false
    }

    private func isLate(_ command: Command) -> Bool {
        command.deadlineMilliseconds.map { clock.unixMilliseconds > $0 } ?? false
    }

    // MARK: - What is known

    private func decide(_ command: Command, _ place: Place) async throws -> Decision {
        let isPayment = command.operation.isPayment && command.reference.shopTransactionID != nil
        var record: PaymentRecord?
        if isPayment, let shopTransactionID = command.reference.shopTransactionID {
            record = try await journal.entry(PaymentRecord.self, .payment(shopTransactionID), of: place.partition)?
                .content
            if let own = record?.attempt(of: command.id) { return decision(on: own, record, isReplayed: false) }
        } else if let own = try await journal.entry(EffectState.self, .command(command.id), of: place.partition) {
            return decision(on: own.content, .command(command.id), isReplayed: false)
        }
        if let claimed = try await decideByClaim(command, record, place) { return claimed }
        guard isPayment else {
            let group = EffectState.group(of: command.operation, lane: command.lane.key)
            if let open = journal.openEntry(ofGroup: group, in: place.partition) {
                return .recover(open, isOwnAnswer: false)
            }
            return .start(nil)
        }
        switch PayGuard.decide(command, isSameProducts: { isProducts(of: command, $0) }, record: record) {
        case .start: return .start(record)
        case .recover: return .recover(.payment(command.reference.shopTransactionID ?? ""), isOwnAnswer: true)
        case .mismatch(let issue): return .refuse(Self.mismatch(issue))
        case .answer(let attempt, let isReplayed): return decision(on: attempt, record, isReplayed: isReplayed)
        }
    }

    private func decision(on attempt: PaymentAttempt, _ record: PaymentRecord?, isReplayed: Bool) -> Decision {
        guard let record, let entry = EffectEntry(record) else { return .start(nil) }
        guard let answer = attempt.effect.answer else { return .recover(entry.key, isOwnAnswer: true) }
        return .answer(answer, entry: entry, isReplayed: isReplayed)
    }

    private func decision(on effect: EffectState, _ key: JournalKey, isReplayed: Bool) -> Decision {
        guard let answer = effect.answer else { return .recover(key, isOwnAnswer: true) }
        return .answer(answer, entry: EffectEntry(key, effect), isReplayed: isReplayed)
    }

    /// What the caller's key says, or the command that it names; `nil` when the command is to be judged by itself.
    private func decideByClaim(
        _ command: Command, _ record: PaymentRecord?, _ place: Place
    ) async throws -> Decision? {
        guard let claim = command.claim, let keyHash = claim.keyHash else { return nil }
        let request = Self.canonical(command)
        if let state = try await journal.entry(ClaimState.self, .claim(keyHash), of: place.partition)?.content {
            guard state.commandID != command.id else { return nil }
            guard codec.isCode(state.requestCode, of: request) ?? true else { return .refuse(Self.keyReused) }
            return try await decision(onCommand: state.commandID, JournalKey(state.entry), record, place)
        }
        guard let joined = claim.joins, joined != command.id else { return nil }
        let known: EffectState?
        if let attempt = record?.attempt(of: joined) {
            known = attempt.effect
        } else {
            known = try await journal.entry(EffectState.self, .command(joined), of: place.partition)?.content
        }
        // Somebody else's command is none that could be joined.
        guard let known, known.scope == claim.scope else { return nil }
        guard codec.isCode(known.requestCode, of: request) ?? true else { return .refuse(Self.keyReused) }
        return try await decision(onCommand: joined, record == nil ? .command(joined) : nil, record, place)
    }

    /// The answer of an earlier command; one that the provider did not give stands for nothing.
    private func decision(
        onCommand id: CommandID, _ key: JournalKey?, _ record: PaymentRecord?, _ place: Place
    ) async throws -> Decision? {
        let found: Decision?
        if let attempt = record?.attempt(of: id) {
            found = decision(on: attempt, record, isReplayed: true)
        } else if let key, !key.isPayment,
            let state = try await journal.entry(EffectState.self, key, of: place.partition)?.content,
            state.commandID == id
        {
            found = decision(on: state, key, isReplayed: true)
        } else {
            found = nil
        }
        if case .answer(let answer, _, _) = found, !answer.isProviderOutcome { return nil }
        return found
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
        _ command: Command, _ operation: OperationDescription, _ record: PaymentRecord?, _ message: KafkaMessage,
        _ place: Place
    ) async throws -> RecordDisposition {
        let started = timing.now
        let time = timeLeft(of: command)
        let end = started + time
        let entry = newEntry(command, record, time: time)
        crashes?.pass(.beforeAttempted)
        if let disposition = try await claim(command, entry, place) { return disposition }
        let attemptID = journal.makeID(command.id.value, epoch: place.epoch)
        if !faults.contains(.attemptedSkipped) {
            switch await write(entry, .attempted, attemptID: attemptID, place, isTooLate: { timing.now > end }) {
            case .valid: break
            case .void, .unconfirmed: return await pauseThenAgain()
            case .notWritable: return await publish(Outcome(refusal: Self.notWritable, command), of: command, message)
            }
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
        if !isReplayed, entry.effect.commandID == command.id, let late = lateNews(entry, answer) {
            // Its caller cannot have had the answer, so the merchant is told.
            guard let notification = try await takeHome(late, entry, place) else { return await pauseThenAgain() }
            outcome.notification = notification.pending
        }
        let disposition = await publish(outcome, of: command, message)
        guard disposition == .done, !isReplayed, let news = news(of: entry.effect, answer) else { return disposition }
        return try await sendHome(news, lane: command.lane, trace: command.trace, place) ? .done : .again
    }

    /// Records that a command came too late and never ran; its caller was answered long ago.
    private func recordExpired(
        _ command: Command, _ record: PaymentRecord?, _ message: KafkaMessage, _ place: Place
    ) async throws -> RecordDisposition {
        var entry = newEntry(command, record, time: .zero)
        entry.settle(Self.expired(atMilliseconds: clock.unixMilliseconds))
        let attemptID = journal.makeID(command.id.value, epoch: place.epoch)
        let outcome = await write(entry, .settled, attemptID: attemptID, place, isTooLate: { Task.isCancelled })
        guard outcome == .valid || outcome == .notWritable else { return await pauseThenAgain() }
        return await expire(command, message)
    }

    /// The outcome of the call that the command stands for stays unknown: its own, or the first one that it repeats.
    private func leaveUnknown(
        _ command: Command, _ operation: OperationDescription, first: CommandID, _ message: KafkaMessage
    ) async -> RecordDisposition {
        var response: ErrorResponse
        if first != command.id, command.claim?.keyHash != nil {
            response = ErrorResponse(
                .requestStillRunning, "the first request with this Idempotency-Key is not finished")
        } else {
            response = FailureAnswer.unknown(command, effect: operation.effect)
        }
        response.commandID = first
        return await publish(Outcome(refusal: response, command), of: command, message)
    }

    /// An earlier effect of its kind on the payment keeps the command from running.
    private func refuseBehindUnknown(
        _ command: Command, _ message: KafkaMessage, _ place: Place
    ) async -> RecordDisposition {
        let response = ErrorResponse(
            .providerUnavailable, "an earlier request of this kind on the payment is not settled yet")
        let outcome = Outcome(refusal: response, command)
        var entry = newEntry(command, nil, time: .zero)
        entry.settle(
            RecordedAnswer(outcome, effect: RecordedAnswer.Effect.none, atMilliseconds: clock.unixMilliseconds))
        let attemptID = journal.makeID(command.id.value, epoch: place.epoch)
        let written = await write(entry, .settled, attemptID: attemptID, place, isTooLate: { Task.isCancelled })
        // What is too large to be recorded would be refused for that anyway.
        guard written == .valid || written == .notWritable else { return await pauseThenAgain() }
        return await publish(outcome, of: command, message)
    }
}
