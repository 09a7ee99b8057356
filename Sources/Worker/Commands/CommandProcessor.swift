public import Logging
public import Providers
import ServiceLifecycle
public import Shared

/// Executes the commands of one provider and publishes what became of them.
///
/// What reads is called at once. What changes something goes through the journal: see `CommandProcessor+Effects.swift`.
public struct CommandProcessor: Sendable {
    /// What a processor works with.
    public struct Parts: Sendable {
        /// The provider's client.
        public var provider: any PaymentProvider
        /// Reads and writes messages.
        public var codec: MessageCodec
        /// Writes to Kafka.
        public var sender: any RecordSender
        /// The memory of this provider's workers.
        public var journal: Journal
        /// Times and bounds.
        public var settings: WorkerSettings
        /// Takes what can never be processed.
        public var deadLetters: DeadLetterWriter
        /// The time of day.
        public var clock: WallClock
        /// Monotonic time.
        public var timing: Timing
        /// Where the crash harness ends the process.
        public var crashes: CrashPlan?
        /// The process's log.
        public var logger: Logger

        /// Collects parts.
        public init(
            provider: any PaymentProvider, codec: MessageCodec, sender: any RecordSender, journal: Journal,
            settings: WorkerSettings, deadLetters: DeadLetterWriter, clock: WallClock, timing: Timing = .system,
            crashes: CrashPlan? = nil, logger: Logger
        ) {
            self.provider = provider
            self.codec = codec
            self.sender = sender
            self.journal = journal
            self.settings = settings
            self.deadLetters = deadLetters
            self.clock = clock
            self.timing = timing
            self.crashes = crashes
            self.logger = logger
        }
    }

    let provider: any PaymentProvider
    let description: ProviderDescription
    let codec: MessageCodec
    let sender: any RecordSender
    let journal: Journal
    let settings: WorkerSettings
    let clock: WallClock
    let timing: Timing
    let crashes: CrashPlan?
    let deadLetters: DeadLetterWriter
    let logger: Logger
    let metrics = CommandMetrics()

    /// Makes the processor of one provider.
    public init(_ parts: Parts) {
        self.provider = parts.provider
        self.description = type(of: parts.provider).description
        self.codec = parts.codec
        self.sender = parts.sender
        self.journal = parts.journal
        self.settings = parts.settings
        self.clock = parts.clock
        self.timing = parts.timing
        self.crashes = parts.crashes
        self.deadLetters = parts.deadLetters
        self.logger = parts.logger
    }

    /// Works on a record or an open entry to its end.
    public func process(_ work: LaneWork, _ partition: KafkaPartition) async -> RecordDisposition {
        // Nothing is done in a partition whose journal another process may own.
        guard let epoch = journal.epoch(of: partition.partition) else { return .again }
        let place = Place(partition: partition.partition, epoch: epoch)
        switch work {
        case .record(let message) where codec.isTask(message): return await perform(task: message, place)
        case .record(let message): return await process(message, place)
        case .due(let key): return await clearUp(key, place)
        }
    }

    /// Processes one command to its end: executed and published, put back, or a dead letter.
    private func process(_ message: KafkaMessage, _ place: Place) async -> RecordDisposition {
        let command: Command
        do {
            command = try codec.command(from: message)
        } catch {
            guard case .malformed(let reason) = error else { return .stopPartition }
            return await bury(message, reason: reason)
        }
        guard command.provider == description.name, let operation = description.operation(command.operation) else {
            return await bury(message, reason: "the provider does not have this operation")
        }
        guard await waitUntilDue(command) else { return .leftForSuccessor }
        let hop = TraceHop.start(command.operation.rawValue, .consumer, parent: command.trace)
        var traced = command
        traced.trace = hop.context
        defer { hop.end() }
        // What a caller wants to be known again by its key is remembered, also when it only reads.
        if operation.effect != .none || traced.claim?.keyHash != nil {
            return await runEffect(traced, operation, message, place)
        }
        if let deadline = command.deadlineMilliseconds, clock.unixMilliseconds > deadline {
            return await expire(command, message)
        }
        return await runReading(traced, operation, message, place)
    }

    private func runReading(
        _ command: Command, _ operation: OperationDescription, _ message: KafkaMessage, _ place: Place
    ) async -> RecordDisposition {
        let started = timing.now
        do {
            let read = try await attempt(until: started + timeLeft(of: command), mayRepeat: true) {
                (end) async throws(ProviderFailure) in
                try await self.read(command, end: end)
            }
            metrics.executed(command, outcome: read.outcome.label, after: timing.now - started)
            guard let observation = read.observation else { return await publish(read.outcome, of: command, message) }
            return try await take(observation, command, message, place)
        } catch let failure as ProviderFailure {
            metrics.executed(command, outcome: failure.code.rawValue, after: timing.now - started)
            warn(command, failure)
            if command.operation.isSynchronous || failure.code == .unknownTransaction {
                return await publish(Outcome(failure: failure, command, operation), of: command, message)
            }
            if Task.isShuttingDownGracefully { return .leftForSuccessor }
            return await putBack(command, message, failure: failure)
        } catch {
            return await afterJournalFailure(error)
        }
    }

    /// What a reading operation found: an answer, or for `check` and `callback` an observation.
    private func read(
        _ command: Command, end: Duration
    ) async throws(ProviderFailure) -> (outcome: Outcome, observation: PaymentObservation?) {
        try await traced("call provider", command.trace) { (trace) async throws(ProviderFailure) in
            var call = ProviderCall(
                command, idempotencyKey: Self.providerKey(of: command),
                timeout: min(self.settings.providerTimeout, end - self.timing.now))
            call.trace = trace
            switch command.operation {
            case .status: return (Outcome(status: try await self.provider.observe(call)), nil)
            case .check:
                let observation = try await self.provider.observe(call)
                return (Outcome(observation: observation), observation)
            case .callback:
                guard let callback = command.payload.callback else { throw Self.callbackMissing }
                let observation = try await self.provider.observe(callback, call: call)
                return (Outcome(observation: observation), observation)
            default: return (Outcome(answer: try await self.provider.execute(call)), nil)
            }
        }
    }

    private static let callbackMissing = ProviderFailure(
        .requestRefused, mayHaveHadEffect: false, isTransient: false, "the command carries no callback")

    /// The key under which the provider knows what a command does: the same for every attempt at it.
    static func providerKey(of command: Command) -> String {
        let operation = command.operation.rawValue
        let name =
            operation.utf8.contains(UInt8(ascii: "/"))
            ? operation.split(separator: "/").joined(separator: "-") : operation
        return name + "-" + command.id.value
    }

    func timeLeft(of command: Command) -> Duration {
        guard let deadline = command.deadlineMilliseconds else { return settings.asynchronousTime }
        return .milliseconds(max(0, deadline - clock.unixMilliseconds))
    }

    /// Waits for `not-before` of a command that was put back; `false` when the process stops first.
    private func waitUntilDue(_ command: Command) async -> Bool {
        guard let notBefore = command.notBeforeMilliseconds else { return true }
        let left = notBefore - clock.unixMilliseconds
        return left <= 0 ? true : await timing.pause(for: .milliseconds(left))
    }
}

/// Where work is done: a partition, and the epoch in which this process owns its journal.
struct Place: Sendable, Hashable {
    var partition: Int32
    var epoch: Int64
}
