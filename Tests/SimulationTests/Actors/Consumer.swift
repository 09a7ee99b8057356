import Shared

@testable import Worker

/// A process that consumes a topic through the product's lane scheduler.
///
/// Sendable: used by its world's thread only.
class SimulatedConsumer: SimulatedProcess, GroupMember, @unchecked Sendable {
    private struct Drain {
        let partitions: [KafkaPartition]
        let done: () -> Void
    }

    let group: Group
    private let statistics: Statistics
    private var scheduler: LaneScheduler
    private var positions: [KafkaPartition: Int64] = [:]
    private var drain: Drain?
    private var isPaused = false
    private var outOfRange: Set<KafkaPartition> = []
    private let works: AsyncStream<LaneScheduler.Work>
    private let worksContinuation: AsyncStream<LaneScheduler.Work>.Continuation

    init(
        _ world: World, _ broker: Broker, _ group: Group, _ statistics: Statistics, _ settings: Settings, name: String
    ) {
        self.group = group
        self.statistics = statistics
        self.scheduler = LaneScheduler(limits: settings.lanes)
        (works, worksContinuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        super.init(world, broker, settings, name: name)
    }

    /// Joins the group and works until it dies.
    func start() {
        begin { [self] in
            await withDiscardingTaskGroup { tasks in
                tasks.addTask { await self.background() }
                tasks.addTask {
                    guard await self.prepare(), !self.isDead else { return }
                    self.group.join(self)
                }
                for await work in works {
                    tasks.addTask {
                        let disposition = await self.process(work.content, work.partition)
                        self.finish(work, disposition)
                    }
                }
            }
        }
        broker.onStored { [weak self] partition in
            guard let self, positions[partition] != nil else { return }
            self.fetch(partition)
        }
        broker.onLost { [weak self] partition, end in
            guard let self, let position = positions[partition], position > end else { return }
            // Who reads behind the end is told so when it asks next.
            outOfRange.insert(partition)
            self.fetch(partition)
        }
        commitRegularly()
    }

    override func crash() {
        super.crash()
        worksContinuation.finish()
    }

    /// What runs beside the works.
    func background() async {}

    /// What comes before it joins; `false` when it does not.
    func prepare() async -> Bool { true }

    /// Works on a record or an entry.
    func process(_ work: LaneWork, _ partition: KafkaPartition) async -> RecordDisposition { .done }

    /// Whether what is read is committed before it is done.
    var commitsEarly: Bool { false }

    /// Whether what is read waits until a journal is owned.
    var holdsPartitions: Bool { false }
    func partitionsAssigned(_ partitions: [Int32]) {}
    func partitionsRevoked(_ partitions: [Int32]) {}
    /// What became of a record.
    func note(_ message: KafkaMessage, _ disposition: RecordDisposition) {}

    // MARK: - Group

    func assigned(_ offsets: [KafkaOffset]) {
        whenAwake { [self] in
            scheduler.assigned(offsets.map(\.partition), areHeld: holdsPartitions)
            for offset in offsets { positions[offset.partition] = offset.offset }
            partitionsAssigned(offsets.map { $0.partition.partition })
            for offset in offsets { fetch(offset.partition) }
        }
    }

    func revoked(isLost: Bool, _ done: @escaping () -> Void) {
        whenAwake { [self] in
            let partitions = positions.keys.sorted { $0.partition < $1.partition }
            positions = [:]
            perform(scheduler.draining(partitions))
            let finished = { [self] in
                if !isLost, !broker.isDown, !isCutOff { commit() }
                outOfRange = []
                partitionsRevoked(partitions.map(\.partition))
                done()
            }
            guard !isLost, scheduler.running(in: partitions) > 0 else { return finished() }
            drain = Drain(partitions: partitions, done: finished)
            world.after(Settings.drain) { [self] in endDrain(partitions) }
        }
    }

    private func endDrain(_ partitions: [KafkaPartition]) {
        whenAwake { [self] in
            guard let ending = drain, ending.partitions == partitions else { return }
            drain = nil
            ending.done()
        }
    }

    private func commitRegularly() {
        world.after(.seconds(1)) { [weak self] in
            guard let self, !isDead else { return }
            if !isFrozen, !isCutOff, !broker.isDown { commit() }
            commitRegularly()
        }
    }

    private func commit() {
        // Who has read behind the end of a log knows nothing of what comes there.
        let offsets = scheduler.committableOffsets().filter { !outOfRange.contains($0.partition) }
        if !commitsEarly { group.commit(offsets, by: self) }
    }

    // MARK: - Records

    private func fetch(_ partition: KafkaPartition) {
        world.after(world.milliseconds(1...6)) { [weak self] in
            self?.whenAwake { self?.deliver(partition) }
        }
    }

    private func deliver(_ partition: KafkaPartition) {
        guard let position = positions[partition], !isDead else { return }
        if isCutOff || isPaused || !broker.isAvailable(partition) { return deliverLater(partition) }
        if outOfRange.contains(partition) { return reposition(partition) }
        switch broker.fetch(partition, from: position, max: world.pick(1...8)) {
        case .unavailable: deliverLater(partition)
        case .outOfRange: reposition(partition)
        case .records(let batch, let next):
            positions[partition] = next
            guard !batch.isEmpty else { return }
            if commitsEarly { group.commit([KafkaOffset(partition: partition, offset: next)], by: self) }
            statistics.delivered(batch, group.topic)
            perform(scheduler.received(batch))
            if broker.end(of: partition) > next { fetch(partition) }
        }
    }

    private func deliverLater(_ partition: KafkaPartition) {
        world.after(.milliseconds(300)) { [weak self] in self?.whenAwake { self?.deliver(partition) } }
    }

    /// The log is not the one that was read: the partition is let go and taken anew from its first record.
    private func reposition(_ partition: KafkaPartition) {
        outOfRange.remove(partition)
        statistics.repositions += 1
        perform(scheduler.draining([partition]))
        partitionsRevoked([partition.partition])
        scheduler.assigned([partition], areHeld: holdsPartitions)
        positions[partition] = broker.start(of: partition)
        partitionsAssigned([partition.partition])
        fetch(partition)
    }

    private func finish(_ work: LaneScheduler.Work, _ disposition: RecordDisposition) {
        guard !isDead else { return }
        let ending: LaneScheduler.Ending =
            switch disposition {
            case .done: .done
            case .again: .again
            case .leftForSuccessor, .stopPartition: .left
            }
        if disposition == .stopPartition { world.violate("\(name) stops a partition") }
        if case .record(let message) = work.content { note(message, disposition) }
        let actions = scheduler.finished(work, ending)
        if let drain, scheduler.running(in: drain.partitions) == 0 { endDrain(drain.partitions) }
        perform(actions)
    }

    func perform(_ actions: [LaneScheduler.Action]) {
        for action in actions {
            switch action {
            case .start(let work): worksContinuation.yield(work)
            case .pauseReading: isPaused = true
            case .resumeReading: isPaused = false
            }
        }
    }

    // MARK: - For workers

    func open(_ partition: Int32) { perform(scheduler.opened(topicPartition(partition))) }
    func hold(_ partition: Int32) { scheduler.held(topicPartition(partition)) }
    func queueDue(_ key: JournalKey, _ lane: Lane, _ partition: Int32) {
        perform(scheduler.due(key, lane: Array(lane.key.utf8), in: topicPartition(partition)))
    }

    /// Whether nothing waits or runs, and everything was read.
    var isQuiet: Bool {
        scheduler.bufferedCount == 0 && positions.allSatisfy { $0.value == broker.end(of: $0.key) }
    }

    /// What it has read, for people.
    var reading: String {
        let read = positions.sorted { $0.key < $1.key }.map { "\($0.value)/\(broker.end(of: $0.key))" }
        return
            "read \(read), buffered \(scheduler.bufferedCount), running \(scheduler.runningCount), paused \(isPaused)"
    }

    private func topicPartition(_ partition: Int32) -> KafkaPartition {
        KafkaPartition(topic: group.topic, partition: partition)
    }
}

/// What is counted over a run.
///
/// Sendable: used by its world's thread only.
final class Statistics: @unchecked Sendable {
    private var seen: Set<String> = []
    private(set) var redeliveries = 0
    var crashes = 0
    var repositions = 0

    func delivered(_ batch: [KafkaMessage], _ topic: String) {
        for message in batch where !seen.insert("\(topic)/\(message.partition)/\(message.offset)").inserted {
            redeliveries += 1
        }
    }
}
