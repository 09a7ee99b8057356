import CRdKafka
public import Logging
public import ServiceLifecycle
import Synchronization

/// A member of a consumer group.
///
/// Nothing is read before ``run()``.
///
/// Two threads: one for messages, one for everything else (rebalances, commits, errors), so that a handler that takes
/// its
/// time with messages never keeps the group waiting for a heartbeat or a rebalance.
public final class KafkaGroupConsumer: Service, Sendable {
    /// How long ``run()`` lets the handler finish after a graceful shutdown began, unless ``close(drain:)`` was called.
    public static let shutdownLimit: Duration = .seconds(5)

    /// What other threads ask of the control thread.
    enum Command: Sendable {
        case stop(KafkaPartition)
        case restart([KafkaOffset])
    }

    struct State: Sendable {
        var assignment = GroupAssignment<KafkaQueue>()
        var commands: [Command] = []
        var closeDeadline: ContinuousClock.Instant?
        var hasStarted = false
        var handler: (any KafkaGroupHandler)?
        /// The queue of the control thread, to wake it.
        ///
        /// Released before the client is closed.
        var control: KafkaQueue?
        /// A queue without messages, in which the message thread waits while it has nothing to read.
        var idle: KafkaQueue?
        /// Completed by the message thread at its next turn.
        var turn: Completion?
    }

    let topics: [String]
    let configuration: KafkaConfiguration
    let logger: Logger
    let handle: KafkaHandle
    let statistics: KafkaStatistics
    let state: Mutex<State>
    /// Held while messages are delivered and while an assignment is fenced.
    ///
    /// Taken before `state`, never after it.
    let delivery = Mutex(())
    private let closed = Completion()

    /// Makes a consumer, which joins its group in ``run()``.
    ///
    /// - Parameters:
    ///   - instanceID: static membership: a restart within the session timeout keeps the partitions. Nil for none.
    ///   - handler: kept until the consumer is closed.
    public init(
        configuration: KafkaConfiguration,
        group: String,
        topics: [String],
        instanceID: String? = nil,
        handler: any KafkaGroupHandler,
        logger: Logger
    ) throws(KafkaError) {
        let own = configuration.groupSettings(group: group, instanceID: instanceID)
        let events = RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR
        let handle = try KafkaHandle(.consumer, settings: try configuration.settings(adding: own), events: events)
        // Errors and logs go the way of rebalances.
        rd_kafka_poll_set_consumer(handle.pointer)
        guard
            let control = KafkaQueue(rd_kafka_queue_get_consumer(handle.pointer), of: handle),
            let idle = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle)
        else { throw KafkaError(code: .creationFailed) }
        self.topics = topics
        self.configuration = configuration
        self.logger = logger
        self.handle = handle
        self.statistics = KafkaStatistics(client: group, isGroup: true)
        self.state = Mutex(State(handler: handler, control: control, idle: idle))
    }

    /// Joins the group and reads until the graceful shutdown, the task's cancellation or ``close(drain:)``; then waits
    /// for
    /// the handler within the drain limit, commits and leaves the group.
    public func run() async {
        let isFirst = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        if isFirst {
            KafkaThread.start("pgm-kafka-control") { [self] in
                serve()
                closed.complete()
            }
        }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await closed.wait()
            } onGracefulShutdown: {
                self.close(drain: Self.shutdownLimit)
            }
        } onCancel: {
            self.close(drain: Self.shutdownLimit)
        }
    }

    /// Begins to close: reading ends, the handler is told that its partitions are revoked, ``run()`` returns at the
    /// latest a few seconds after the drain limit.
    ///
    /// The first call decides.
    public func close(drain: Duration) {
        state.withLock { state in
            if state.closeDeadline == nil { state.closeDeadline = .now + drain }
        }
        wake()
    }

    /// Holds the delivery of messages back: at most the batch in hand is still delivered.
    ///
    /// Membership, rebalances and commits go on, and what is read ahead is bounded.
    public func pauseReading() {
        state.withLock { $0.assignment.isPaused = true }
    }

    /// Ends what ``pauseReading()`` began.
    public func resumeReading() {
        let idle = state.withLock { state in
            state.assignment.isPaused = false
            return state.idle
        }
        idle?.wake()
    }

    /// Delivers nothing more of one partition from now on, not even the rest of what was read already, until it is
    /// assigned again or ``seek(_:)`` names it.
    ///
    /// May be called from the handler.
    public func stopReading(partition: KafkaPartition) {
        let isNew = state.withLock { state in
            guard state.assignment.stop(partition) else { return false }
            state.commands.append(.stop(partition))
            return true
        }
        if isNew { wake() }
    }

    /// Reads partitions again from the given offsets, stopped ones too.
    ///
    /// Offsets of partitions that are not assigned are ignored. May be called from the handler; messages already being
    /// delivered still arrive before.
    public func seek(_ offsets: [KafkaOffset]) {
        state.withLock { $0.commands.append(.restart(offsets)) }
        wake()
    }

    /// What it is doing at this moment.
    public var currentState: KafkaGroupState {
        state.withLock { state in
            KafkaGroupState(
                assigned: state.assignment.assigned,
                isJoined: state.assignment.isJoined,
                isConnected: state.assignment.isConnected,
                isPaused: state.assignment.isPaused,
                stopped: state.assignment.stopped
            )
        }
    }

    private func wake() {
        state.withLock { $0.control }?.wake()
    }
}
