import Logging
import Providers
import Shared

extension CommandProcessor {
    /// Publishes reply and result together; the command is done when the result is stored.
    func publish(_ outcome: Outcome, of command: Command, _ message: KafkaMessage) async -> RecordDisposition {
        await publishing(outcome, of: command, message).disposition
    }

    /// The same, and whether the reply is stored, if there is one.
    func publishing(
        _ outcome: Outcome, of command: Command, _ message: KafkaMessage
    ) async -> (disposition: RecordDisposition, isReplied: Bool) {
        let reply = reply(outcome, to: command)
        let replying = reply.map { sender.begin($0) }
        let stored = await storeResult(outcome, of: command)
        var isReplied = true
        if let reply, let replying { isReplied = await finish(reply, replying, to: command) }
        return (await disposition(stored, message), isReplied)
    }

    private func disposition(_ stored: StoreOutcome, _ message: KafkaMessage) async -> RecordDisposition {
        switch stored {
        case .stored: return .done
        case .givenUp: return .leftForSuccessor
        case .tooLarge: return await deadLetters.bury(message, reason: "its result is too large for the broker")
        }
    }

    /// Makes a command that can never run a dead letter, and tells its caller so, if somebody waits.
    func bury(_ message: KafkaMessage, reason: String) async -> RecordDisposition {
        let disposition = await deadLetters.bury(message, reason: reason)
        guard disposition == .done,
            let address = message.text(MessageHeaderName.replyTo).flatMap(ReplyAddress.init),
            let id = message.text(MessageHeaderName.id).flatMap(CommandID.init)
        else { return disposition }
        var response = ErrorResponse(.internalError, "the request could not be processed, nothing was done")
        response.requestId = id.value
        guard let body = try? JSONCoding.encode(response) else { return disposition }
        let reply = Reply(commandID: id, statusCode: response.statusCode, body: body)
        if let record = try? codec.record(for: reply, to: address, atMilliseconds: clock.unixMilliseconds) {
            _ = try? await sender.send(record)
        }
        return disposition
    }

    /// Records that a command came too late and never ran; its caller was answered long ago.
    func expire(_ command: Command, _ message: KafkaMessage) async -> RecordDisposition {
        logger.notice("a command expired before it could start", metadata: metadata(of: command))
        metrics.expired(command)
        return await publish(Outcome(expired: command), of: command, message)
    }

    /// Puts an asynchronous command back to the end of its topic with a later start; the old record is done then.
    func putBack(_ command: Command, _ message: KafkaMessage, failure: ProviderFailure) async -> RecordDisposition {
        guard command.attempt < settings.roundsMax else {
            return await deadLetters.bury(
                message, reason: "gave up after \(command.attempt) rounds: \(failure.code.rawValue)")
        }
        var again = command
        again.attempt += 1
        let delay = max(failure.retryAfter ?? .zero, settings.roundBackoff.delay(afterAttempt: command.attempt))
        again.notBeforeMilliseconds = clock.unixMilliseconds + delay.components.seconds * 1000
        guard let record = try? codec.record(for: again, partitionCount: settings.commandPartitions) else {
            return await deadLetters.bury(message, reason: "the command cannot be written again")
        }
        switch await sender.sendUntilStored(record, backoff: settings.storeBackoff, timing: timing) {
        case .stored: return .done
        case .givenUp: return .leftForSuccessor
        case .tooLarge: return await deadLetters.bury(message, reason: "the command cannot be written again")
        }
    }

    func storeResult(_ outcome: Outcome, of command: Command) async -> StoreOutcome {
        var result = ResultEvent(
            commandID: command.id, provider: command.provider, operation: command.operation,
            reference: outcome.reference(completing: command.reference), amount: command.amount ?? outcome.amount,
            outcome: outcome.label, occurredAtMilliseconds: clock.unixMilliseconds,
            notification: outcome.notification)
        result.trace = command.trace
        guard let record = try? codec.record(for: result, partitionCount: settings.resultPartitions) else {
            logger.error("a result cannot be written", metadata: metadata(of: command))
            return .tooLarge
        }
        return await sender.sendUntilStored(record, backoff: settings.storeBackoff, timing: timing)
    }

    /// The reply to somebody who waits for it.
    private func reply(_ outcome: Outcome, to command: Command) -> KafkaRecord? {
        guard let address = command.replyTo, let body = outcome.body else { return nil }
        let reply = Reply(
            commandID: command.id, statusCode: outcome.statusCode, retryAfterSeconds: outcome.retryAfterSeconds,
            isReplayed: outcome.isReplayed, body: body)
        let record = try? codec.record(for: reply, to: address, atMilliseconds: clock.unixMilliseconds)
        if record == nil { logger.error("a reply cannot be written", metadata: metadata(of: command)) }
        return record
    }

    /// Sends a reply that was sent once as long as somebody may wait for it.
    private func finish(_ reply: KafkaRecord, _ begun: SentRecord, to command: Command) async -> Bool {
        let deadline = command.deadlineMilliseconds ?? 0
        let stored = await sender.sendUntilStored(
            reply, begun: begun, backoff: settings.storeBackoff, timing: timing,
            isTooLate: { clock.unixMilliseconds > deadline })
        if stored != .stored {
            logger.warning("a reply could not be delivered in time", metadata: metadata(of: command))
        }
        return stored == .stored
    }

    func warn(_ command: Command, _ failure: ProviderFailure) {
        var metadata = metadata(of: command)
        metadata[LogKey.code.rawValue] = .string(failure.code.rawValue)
        // Refused credentials stop every payment of the provider, so they are an error of the operator's concern.
        let level: Logger.Level = failure.code == .credentialsRefused ? .error : .warning
        logger.log(level: level, "a call to the provider failed", metadata: metadata)
    }

    func metadata(of command: Command) -> Logger.Metadata {
        .of([
            .commandID: command.id.value, .provider: command.provider.value, .operation: command.operation.rawValue,
            .attempt: "\(command.attempt)", .traceID: command.trace?.traceIDText ?? "",
        ])
    }
}
