public import Logging
import Metrics
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
            return await expire(command)
        }
        return await run(command, operation, message)
    }

    private func run(
        _ command: Command, _ operation: OperationDescription, _ message: KafkaMessage
    ) async -> RecordDisposition {
        let started = ContinuousClock.now
        let timeLeft = self.timeLeft(of: command)
        do {
            let outcome = try await attempt(command, operation, timeLeft: timeLeft)
            count(command, outcome: outcome.label, since: started)
            return await publish(outcome, of: command)
        } catch {
            count(command, outcome: error.code.rawValue, since: started)
            warn(command, error)
            if command.operation.isSynchronous || error.code == .unknownTransaction {
                return await publish(Outcome(failure: error, command, operation), of: command)
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
        var unknownEffect: ProviderFailure?
        while true {
            do {
                return try await once(command, end: end)
            } catch {
                if error.mayHaveHadEffect { unknownEffect = error }
                let decision = RetryDecision.after(
                    error, effect: operation.effect, attempt: number, backoff: settings.backoff,
                    timeLeft: end - ContinuousClock.now)
                guard case .again(let delay) = decision, await Pause.wait(for: delay) else {
                    // A later attempt that did nothing does not tell what became of an earlier one.
                    throw unknownEffect ?? error
                }
                number += 1
            }
        }
    }

    private func once(_ command: Command, end: ContinuousClock.Instant) async throws(ProviderFailure) -> Outcome {
        let timeout = min(settings.providerTimeout, end - ContinuousClock.now)
        let key = command.operation.rawValue.replacing("/", with: "-") + "-" + command.id.value
        let call = ProviderCall(command, idempotencyKey: key, timeout: timeout)
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
