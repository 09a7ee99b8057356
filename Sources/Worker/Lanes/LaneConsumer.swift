import Dispatch
public import Logging
public import Shared
import Synchronization

/// What became of a record, or of other work.
public enum RecordDisposition: Sendable, Hashable {
    /// Done: its offset may be committed.
    case done
    /// Not done, and to be begun again here as soon as the partition's journal is owned.
    case again
    /// Not done, and to be delivered again to whoever owns the partition next; only while shutting down.
    case leftForSuccessor
    /// This process cannot read it and a newer one can: its partition stops here.
    case stopPartition
}

/// Works on the records of one topic, one record of a lane at a time and many lanes at once.
///
/// A ``LaneGroup`` feeds the scheduler on Kafka's thread and runs the tasks that process. On a revoke nothing more
/// starts, and the group's thread waits for what runs, as long as the drain limit allows, before offsets are committed.
public final class LaneConsumer: Sendable {
    /// Bounds and times of a consumer.
    public struct Settings: Sendable, Hashable {
        /// Records that run at once.
        public var inFlightMax: Int
        /// Records that wait in one lane before reading pauses.
        public var waitingPerLaneMax: Int
        /// Distance from the lowest unfinished to the highest read offset before reading pauses.
        public var spanMax: Int64
        /// Longest wait for running records when partitions go.
        public var rebalanceDrain: Duration
        /// Longest wait for running records when the process stops.
        public var shutdownGrace: Duration

        /// Makes settings.
        public init(
            inFlightMax: Int = 256, waitingPerLaneMax: Int = 1000, spanMax: Int64 = 50_000,
            rebalanceDrain: Duration = .seconds(5), shutdownGrace: Duration = .seconds(25)
        ) {
            self.inFlightMax = inFlightMax
            self.waitingPerLaneMax = waitingPerLaneMax
            self.spanMax = spanMax
            self.rebalanceDrain = rebalanceDrain
            self.shutdownGrace = shutdownGrace
        }
    }

    private struct State {
        var scheduler: LaneScheduler
        var drains: [Drain] = []
        var consumer: KafkaGroupConsumer?
    }

    /// Work of partitions that go, waited for until it has ended.
    struct Drain {
        fileprivate let partitions: [KafkaPartition]
        fileprivate let semaphore: DispatchSemaphore

        /// Blocks until nothing of the partitions runs any more; false when the time ran out.
        func wait(until deadline: DispatchTime) -> Bool { semaphore.wait(timeout: deadline) == .success }
    }

    /// The topic whose records are worked on.
    public let topic: String

    private let state: Mutex<State>
    let settings: Settings
    private let journal: Journal?
    private let crashes: CrashPlan?
    private let process: @Sendable (LaneWork, KafkaPartition) async -> RecordDisposition
    private let works: AsyncStream<LaneScheduler.Work>
    private let worksContinuation: AsyncStream<LaneScheduler.Work>.Continuation
    private let logger: Logger

    /// Makes a consumer that hands all work to `process`; a ``LaneGroup`` runs it.
    ///
    /// - Parameter journal: what is read of a partition waits until its journal is owned; `nil` for consumers without.
    public init(
        topic: String, settings: Settings, journal: Journal? = nil, crashes: CrashPlan? = nil, logger: Logger,
        process: @escaping @Sendable (LaneWork, KafkaPartition) async -> RecordDisposition
    ) {
        let limits = LaneScheduler.Limits(
            inFlightMax: settings.inFlightMax, waitingPerLaneMax: settings.waitingPerLaneMax,
            bufferedMax: settings.inFlightMax * 4, spanMax: settings.spanMax)
        self.state = Mutex(State(scheduler: LaneScheduler(limits: limits)))
        self.settings = settings
        self.topic = topic
        self.journal = journal
        self.crashes = crashes
        self.process = process
        self.logger = logger
        // Bounded by the scheduler: at most `inFlightMax` works are started and unfinished.
        (works, worksContinuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        journal?.attach(self)
    }

    /// Connects the consumer that reads the topic.
    func attach(_ consumer: KafkaGroupConsumer) {
        state.withLock { $0.consumer = consumer }
    }

    /// Whether the group has given this process its partitions, and none is stopped.
    public var isReady: Bool {
        let (consumer, hasStopped) = state.withLock { ($0.consumer, $0.scheduler.hasStoppedPartition) }
        guard let current = consumer?.currentState, !hasStopped else { return false }
        return current.isJoined && current.isConnected && (journal?.isReady ?? true)
    }

    /// Records that run now.
    public var runningCount: Int { state.withLock { $0.scheduler.runningCount } }
    /// Records in memory, running ones included.
    public var bufferedCount: Int { state.withLock { $0.scheduler.bufferedCount } }
    /// Partitions that this process owns, and those of them that stand still.
    public var partitionCounts: (assigned: Int, stopped: Int) { state.withLock { $0.scheduler.partitionCounts } }
    /// Whether a broker answers.
    public var isConnected: Bool { state.withLock { $0.consumer }?.currentState.isConnected ?? false }

    /// Processes what starts until ``endWork()``, and what was started by then to its end.
    func work() async {
        await withDiscardingTaskGroup { group in
            for await work in works {
                group.addTask {
                    let disposition = await self.process(work.content, work.partition)
                    self.finish(work, disposition)
                }
            }
        }
    }

    /// Nothing more starts.
    func endWork() { worksContinuation.finish() }

    private func finish(_ work: LaneScheduler.Work, _ disposition: RecordDisposition) {
        if disposition == .stopPartition { stop(work.partition, at: work.offset) }
        let ending: LaneScheduler.Ending =
            switch disposition {
            case .done: .done
            case .again: .again
            case .leftForSuccessor, .stopPartition: .left
            }
        let (actions, consumer) = state.withLock { state in
            let actions = state.scheduler.finished(work, ending)
            for drain in state.drains where state.scheduler.running(in: drain.partitions) == 0 {
                drain.semaphore.signal()
            }
            return (actions, state.consumer)
        }
        perform(actions, consumer)
    }

    private func stop(_ partition: KafkaPartition, at offset: Int64?) {
        logger.error(
            "a record needs a newer version or another key; its partition stops here",
            metadata: .of([.topic: partition.topic, .partition: "\(partition.partition)", .offset: "\(offset ?? -1)"]))
        let (actions, consumer) = state.withLock { ($0.scheduler.stopped(partition), $0.consumer) }
        consumer?.stopReading(partition: partition)
        perform(actions, consumer)
    }

    private func perform(_ actions: [LaneScheduler.Action], _ consumer: KafkaGroupConsumer?) {
        for action in actions {
            switch action {
            case .start(let work): worksContinuation.yield(work)
            case .pauseReading: consumer?.pauseReading(topic: topic)
            case .resumeReading: consumer?.resumeReading(topic: topic)
            }
        }
    }
}

extension LaneConsumer {
    /// Takes over partitions, on the group's thread.
    func assigned(_ partitions: [KafkaPartition]) {
        crashes?.pass(.rebalance)
        state.withLock { $0.scheduler.assigned(partitions, areHeld: journal != nil) }
        journal?.assigned(partitions.map(\.partition))
        logger.info("partitions assigned", metadata: .of([.topic: topic, .count: "\(partitions.count)"]))
    }

    /// Starts nothing more of these partitions; what runs is to be waited for, nil when nothing does.
    func beginLettingGo(of partitions: [KafkaPartition]) -> Drain? {
        let drain = Drain(partitions: partitions, semaphore: DispatchSemaphore(value: 0))
        let (actions, consumer, isRunning) = state.withLock { state in
            let actions = state.scheduler.draining(partitions)
            let isRunning = state.scheduler.running(in: partitions) > 0
            if isRunning { state.drains.append(drain) }
            return (actions, state.consumer, isRunning)
        }
        perform(actions, consumer)
        return isRunning ? drain : nil
    }

    /// The partitions are not this process's any more; what still runs settles under its old epoch.
    func endLettingGo(of partitions: [KafkaPartition], _ drain: Drain?) {
        if let drain { state.withLock { state in state.drains.removeAll { $0.semaphore === drain.semaphore } } }
        journal?.revoked(partitions.map(\.partition))
        logger.info("partitions revoked", metadata: .of([.topic: topic, .count: "\(partitions.count)"]))
    }

    /// Lets a partition go and takes it anew, since its records come again from the log's first offset.
    ///
    /// What runs goes on and keeps its lane until it ends, as after a rebalance.
    func repositioned(_ partition: KafkaPartition) {
        endLettingGo(of: [partition], beginLettingGo(of: [partition]))
        assigned([partition])
    }

    /// Queues records and starts what may run.
    func received(_ batch: [KafkaMessage]) {
        let (actions, consumer) = state.withLock { ($0.scheduler.received(batch), $0.consumer) }
        perform(actions, consumer)
    }

    /// Per partition the offset below which everything is done.
    func committableOffsets() -> [KafkaOffset] {
        state.withLock { $0.scheduler.committableOffsets() }
    }
}

extension LaneConsumer: JournalOwner {
    /// Starts what waits in a partition whose journal is owned now.
    public func opened(_ partition: Int32) {
        crashes?.pass(.rebalance)
        let (actions, consumer) = state.withLock { state in
            (state.scheduler.opened(KafkaPartition(topic: topic, partition: partition)), state.consumer)
        }
        perform(actions, consumer)
    }

    /// Starts nothing more of a partition whose journal another process owns.
    public func held(_ partition: Int32) {
        state.withLock { $0.scheduler.held(KafkaPartition(topic: topic, partition: partition)) }
    }

    /// Queues work on an open entry in its lane.
    public func isDue(_ key: JournalKey, lane: Lane, partition: Int32) {
        let (actions, consumer) = state.withLock { state in
            let partition = KafkaPartition(topic: topic, partition: partition)
            return (state.scheduler.due(key, lane: Array(lane.key.utf8), in: partition), state.consumer)
        }
        perform(actions, consumer)
    }
}
