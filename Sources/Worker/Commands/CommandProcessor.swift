public import Logging
public import Providers
import ServiceLifecycle
public import Shared

/// Executes the commands of one provider and publishes what became of them.
public struct CommandProcessor: Sendable {
    let provider: any PaymentProvider
    let description: ProviderDescription
    let codec: MessageCodec
    let sender: any RecordSender
    let settings: WorkerSettings
    let clock: WallClock
    let deadLetters: DeadLetterWriter
    let logger: Logger
    let metrics = CommandMetrics()

    /// Makes the processor of one provider.
    public init(
        provider: any PaymentProvider, codec: MessageCodec, sender: any RecordSender, settings: WorkerSettings,
        deadLetters: DeadLetterWriter, clock: WallClock, logger: Logger
    ) {
        self.provider = provider
        self.description = type(of: provider).description
        self.codec = codec
        self.sender = sender
        self.settings = settings
        self.clock = clock
        self.deadLetters = deadLetters
        self.logger = logger
    }

    /// Processes one record to its end: executed and published, put back, or a dead letter.
    public func process(_ message: KafkaMessage) async -> RecordDisposition {
        let command: Command
        do {
            command = try codec.command(from: message)
        } catch {
            return await deadLetters.bury(message, unreadable: error)
        }
        guard command.provider == description.name, let operation = description.operation(command.operation) else {
            return await deadLetters.bury(message, reason: "the provider does not have this operation")
        }
        guard await waitUntilDue(command) else { return .leftForSuccessor }
        if let deadline = command.deadlineMilliseconds, clock.unixMilliseconds > deadline {
            return await expire(command, message)
        }
        return await traced(command, operation, message)
    }

    /// Runs a command as a hop of its trace: what it publishes and whom it calls come after this hop.
    private func traced(
        _ command: Command, _ operation: OperationDescription, _ message: KafkaMessage
    ) async -> RecordDisposition {
        let hop = TraceHop.start(command.operation.rawValue, .consumer, parent: command.trace)
        var command = command
        command.trace = hop.context
        defer { hop.end() }
        return await run(command, operation, message)
    }

    private func run(
        _ command: Command, _ operation: OperationDescription, _ message: KafkaMessage
    ) async -> RecordDisposition {
        let started = ContinuousClock.now
        let timeLeft = self.timeLeft(of: command)
        do {
            let outcome = try await attempt(command, operation, timeLeft: timeLeft)
            metrics.executed(command, outcome: outcome.label, after: .now - started)
            return await publish(outcome, of: command, message)
        } catch {
            metrics.executed(command, outcome: error.code.rawValue, after: .now - started)
            warn(command, error)
            if command.operation.isSynchronous || error.code == .unknownTransaction {
                return await publish(Outcome(failure: error, command, operation), of: command, message)
            }
            if Task.isShuttingDownGracefully { return .leftForSuccessor }
            return await putBack(command, message, failure: error)
        }
    }

    /// Tries until it succeeds, a repeat would not be safe, or the time is over.
    private func attempt(
        _ command: Command, _ operation: OperationDescription, timeLeft: Duration
    ) async throws(ProviderFailure) -> Outcome {
        let end = ContinuousClock.now + timeLeft
        var number = 1
        var mayHaveHadEffect = false
        while true {
            do {
                return try await once(command, end: end)
            } catch {
                // One attempt that proves nothing about itself leaves the whole call in doubt, whatever follows it.
                mayHaveHadEffect = mayHaveHadEffect || error.mayHaveHadEffect
                let decision = RetryDecision.after(
                    error, effect: operation.effect, attempt: number, backoff: settings.backoff,
                    timeLeft: end - ContinuousClock.now)
                guard case .again(let delay) = decision, await Pause.wait(for: delay) else {
                    var failure = error
                    failure.mayHaveHadEffect = mayHaveHadEffect
                    throw failure
                }
                number += 1
            }
        }
    }

    private func once(_ command: Command, end: ContinuousClock.Instant) async throws(ProviderFailure) -> Outcome {
        let timeout = min(settings.providerTimeout, end - ContinuousClock.now)
        let key = command.operation.rawValue.split(separator: "/").joined(separator: "-") + "-" + command.id.value
        var call = ProviderCall(command, idempotencyKey: key, timeout: timeout)
        let hop = TraceHop.start("call provider", .client, parent: command.trace)
        call.trace = hop.context
        do {
            let outcome = try await perform(call, command)
            hop.end()
            return outcome
        } catch {
            hop.end(failure: error.code.rawValue)
            throw error
        }
    }

    private func perform(_ call: ProviderCall, _ command: Command) async throws(ProviderFailure) -> Outcome {
        switch command.operation {
        case .status:
            return Outcome(status: try await provider.observe(call))
        case .check:
            return outcome(of: try await provider.observe(call), command)
        case .callback:
            guard let callback = command.payload.callback else { throw Self.callbackMissing }
            return outcome(of: try await provider.observe(callback, call: call), command)
        default:
            return Outcome(answer: try await provider.execute(call))
        }
    }

    private static let callbackMissing = ProviderFailure(
        .requestRefused, mayHaveHadEffect: false, isTransient: false, "the command carries no callback")

    /// A final observation becomes a notification; a pending one is only recorded.
    private func outcome(of observation: PaymentObservation, _ command: Command) -> Outcome {
        var outcome = Outcome(observation: observation)
        outcome.notification = NotificationFactory.notification(
            for: observation, of: description, fallback: command.reference)
        return outcome
    }

    private func timeLeft(of command: Command) -> Duration {
        guard let deadline = command.deadlineMilliseconds else { return settings.asynchronousTime }
        return .milliseconds(max(0, deadline - clock.unixMilliseconds))
    }

    /// Waits for `not-before` of a command that was put back; `false` when the process stops first.
    private func waitUntilDue(_ command: Command) async -> Bool {
        guard let notBefore = command.notBeforeMilliseconds else { return true }
        let left = notBefore - clock.unixMilliseconds
        return left <= 0 ? true : await Pause.wait(for: .milliseconds(left))
    }
}
