import CRdKafka
public import Logging
public import ServiceLifecycle
import Synchronization

/// A member of a consumer group: one for all topics that a process consumes in it.
///
/// Nothing is read before ``run()``. One thread for everything. Each topic has a queue of its own, so that one can be
/// held back without the others: what is not read is not fetched either.
public final class KafkaGroupConsumer: Service, Sendable {
    /// How long ``run()`` lets the handler finish after a graceful shutdown began, unless ``close(drain:)`` was called.
    public static let shutdownLimit: Duration = .seconds(5)

    struct State: Sendable {
        var assignment = GroupAssignment<KafkaQueue>()
        /// Partitions that librdkafka is to be told to fetch no more.
        var stopping: [KafkaPartition] = []
        var closeDeadline: ContinuousClock.Instant?
        var hasStarted = false
        var failure: KafkaError?
        var handler: (any KafkaGroupHandler)?
        /// The queue of rebalances, commits and errors.
        ///
        /// Released before the client is closed.
        var control: KafkaQueue?
    }

    let topics: [String]
    let group: String
    let configuration: KafkaConfiguration
    let logger: Logger
    let handle: KafkaHandle
    let statistics: KafkaStatistics
    let state: Mutex<State>
    let waker = KafkaWaker()
    private let closed = Completion()

    /// Makes a consumer, which joins its group in ``run()``.
    ///
    /// - Parameters:
    ///   - instanceID: static membership: a restart within the session timeout keeps the partitions. Nil for none.
    ///   - pace: how soon messages have to be there.
    ///   - handler: kept until the consumer is closed.
    public init(
        configuration: KafkaConfiguration,
        group: String,
        topics: [String],
        instanceID: String? = nil,
        pace: KafkaFetchPace = .prompt,
        handler: any KafkaGroupHandler,
        logger: Logger
    ) throws(KafkaError) {
        let own = configuration.groupSettings(group: group, instanceID: instanceID, pace: pace)
        let events = RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR
        let handle = try KafkaHandle(.consumer, settings: try configuration.settings(adding: own), events: events)
        // Errors and logs go the way of rebalances.
        rd_kafka_poll_set_consumer(handle.pointer)
        guard let control = KafkaQueue(rd_kafka_queue_get_consumer(handle.pointer), of: handle) else {
            throw KafkaError(code: .creationFailed)
        }
        control.wake(waker)
        self.topics = topics
        self.group = group
        self.configuration = configuration
        self.logger = logger
        self.handle = handle
        self.statistics = KafkaStatistics(client: group, isGroup: true)
        self.state = Mutex(State(handler: handler, control: control))
    }

    /// Joins the group and reads until the graceful shutdown, the task's cancellation or ``close(drain:)``; then waits
    /// for the handler within the drain limit, commits and leaves the group.
    ///
    /// Throws when the client has failed for good: the process cannot go on without it.
    public func run() async throws(KafkaError) {
        let isFirst = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        if isFirst {
            KafkaThread.start("kafka-group") { [self] in
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
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Begins to close: reading ends, the handler is told that its partitions are revoked, ``run()`` returns at the
    /// latest a few seconds after the drain limit.
    ///
    /// The first call decides.
    public func close(drain: Duration) {
        state.withLock { state in
            if state.closeDeadline == nil { state.closeDeadline = .now + drain }
        }
        waker.wake()
    }

    /// Holds the delivery of one topic back: at most the batch in hand is still delivered.
    ///
    /// Other topics, membership, rebalances and commits go on, and what is read ahead is bounded.
    public func pauseReading(topic: String) {
        state.withLock { _ = $0.assignment.paused.insert(topic) }
    }

    /// Ends what ``pauseReading(topic:)`` began.
    public func resumeReading(topic: String) {
        state.withLock { _ = $0.assignment.paused.remove(topic) }
        waker.wake()
    }

    /// Delivers nothing more of one partition from now on, not even the rest of what was read already, until it is
    /// assigned again.
    ///
    /// May be called from the handler.
    public func stopReading(partition: KafkaPartition) {
        let isNew = state.withLock { state in
            guard state.assignment.stop(partition) else { return false }
            state.stopping.append(partition)
            return true
        }
        if isNew { waker.wake() }
    }

    /// What it is doing at this moment.
    public var currentState: KafkaGroupState {
        state.withLock { state in
            KafkaGroupState(
                assigned: state.assignment.assigned,
                isJoined: state.assignment.isJoined,
                isConnected: state.assignment.isConnected,
                paused: state.assignment.paused,
                stopped: state.assignment.stopped
            )
        }
    }

    /// Makes librdkafka's client fail as one whose static membership another process has taken.
    func failForTest() {
        _ = handle.use { rd_kafka_test_fatal_error($0, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "test") }
    }
}
