import Shared

/// What is counted of commands.
struct CommandMetrics: Sendable {
    private struct Kind: Hashable, Sendable {
        let provider: ProviderName
        let operation: Operation
    }

    private struct Ended: Hashable, Sendable {
        let kind: Kind
        let outcome: String
    }

    private let ended = CounterFamily<Ended>(MetricName.commands) { key in
        Self.dimensions(key.kind) + [("outcome", key.outcome)]
    }
    private let durations = TimerFamily<Kind>(MetricName.commandDuration) { Self.dimensions($0) }
    private let tooLate = CounterFamily<Kind>(MetricName.commandsExpired) { Self.dimensions($0) }

    /// A command came to its end.
    func executed(_ command: Command, outcome: String, after duration: Duration) {
        let kind = Kind(provider: command.provider, operation: command.operation)
        ended.increment(Ended(kind: kind, outcome: outcome))
        durations.record(kind, duration)
    }

    /// A command came too late.
    func expired(_ command: Command) {
        tooLate.increment(Kind(provider: command.provider, operation: command.operation))
    }

    private static func dimensions(_ kind: Kind) -> [(String, String)] {
        [("provider", kind.provider.value), ("operation", kind.operation.rawValue)]
    }
}
