import Dispatch
public import Logging
public import ServiceLifecycle
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

/// Consumes topics of one consumer group, one record of a lane at a time and many lanes at once.
///
/// Kafka's threads feed the scheduler; `run()` owns the tasks that process. On a revoke nothing more starts, and the
/// consumer's thread waits for what runs, as long as the drain limit allows, before offsets are committed.
public final class LaneConsumer: KafkaGroupHandler, Service {
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
        var drains: [(partitions: [KafkaPartition], semaphore: DispatchSemaphore)] = []
        var consumer: KafkaGroupConsumer?
        var isClosing = false
    }

    private let state: Mutex<State>
    private let settings: Settings
    private let topic: String
    private let journal: Journal?
    private let crashes: CrashPlan?
    private let process: @Sendable (LaneWork, KafkaPartition) async -> RecordDisposition
    private let works: AsyncStream<LaneScheduler.Work>
    private let worksContinuation: AsyncStream<LaneScheduler.Work>.Continuation
    private let logger: Logger

    /// Makes a consumer that hands all work to `process`; connect it with ``attach(_:)`` before running.
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

    /// Connects the consumer whose handler this is.
    public func attach(_ consumer: KafkaGroupConsumer) {
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

    /// Consumes until graceful shutdown, then waits for what runs within the grace period.
    public func run() async throws {
        guard let consumer = state.withLock({ $0.consumer }) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.consumeUntilShutdown(consumer) }
            group.addTask { await self.processWorks() }
            await group.next()
            worksContinuation.finish()
            group.addTask {
                try? await Task.sleep(for: self.settings.shutdownGrace)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func consumeUntilShutdown(_ consumer: KafkaGroupConsumer) async {
        await withGracefulShutdownHandler {
            await consumer.run()
        } onGracefulShutdown: {
            self.state.withLock { $0.isClosing = true }
            consumer.close(drain: self.settings.shutdownGrace)
        }
    }

    private func processWorks() async {
        await withDiscardingTaskGroup { group in
            for await work in works {
                group.addTask {
                    let disposition = await self.process(work.content, work.partition)
                    self.finish(work, disposition)
                }
            }
        }
    }

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
            case .pauseReading: consumer?.pauseReading()
            case .resumeReading: consumer?.resumeReading()
            }
        }
    }
}

extension LaneConsumer {
    /// Takes over partitions, on the consumer's thread.
    public func assigned(_ partitions: [KafkaPartition]) {
        crashes?.pass(.rebalance)
        state.withLock { $0.scheduler.assigned(partitions, areHeld: journal != nil) }
        journal?.assigned(partitions.map(\.partition))
        logger.info("partitions assigned", metadata: .of([.count: "\(partitions.count)"]))
    }

    /// Starts nothing more of these partitions and waits for what runs, within the drain limit.
    public func revoked(_ partitions: [KafkaPartition], lost: Bool) {
        let semaphore = DispatchSemaphore(value: 0)
        let (actions, consumer, running, limit) = state.withLock { state in
            let actions = state.scheduler.draining(partitions)
            let running = state.scheduler.running(in: partitions)
            if running > 0 { state.drains.append((partitions, semaphore)) }
            return (
                actions, state.consumer, running, state.isClosing ? settings.shutdownGrace : settings.rebalanceDrain
            )
        }
        perform(actions, consumer)
        if running > 0, !lost {
            _ = semaphore.wait(timeout: .now() + limit / .seconds(1))
        }
        state.withLock { state in state.drains.removeAll { $0.semaphore === semaphore } }
        // What still runs settles under its old epoch.
        journal?.revoked(partitions.map(\.partition))
        logger.info("partitions revoked", metadata: .of([.count: "\(partitions.count)"]))
    }

    /// Queues records and starts what may run.
    public func received(_ batch: [KafkaMessage]) {
        let (actions, consumer) = state.withLock { ($0.scheduler.received(batch), $0.consumer) }
        perform(actions, consumer)
    }

    /// Per partition the offset below which everything is done.
    public func committableOffsets() -> [KafkaOffset] {
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
