import Logging
import Providers
import Shared

@testable import Worker

/// A worker: the product's journal and command processor, with the world in place of Kafka and provider.
///
/// Sendable: used by its world's thread only.
final class SimulatedWorker: SimulatedConsumer, JournalOwner, JournalSource, @unchecked Sendable {
    let journal: Journal
    private let index: MemoryJournalIndex
    private let processor: CommandProcessor
    private let journalTopic: String
    private let partitions: Int32
    private var positions: [Int32: Int64] = [:]

    /// - Parameter index: what an earlier process of this machine has left on its disk.
    init(
        _ world: World, _ broker: Broker, _ group: Group, _ statistics: Statistics, name: String, settings: Settings,
        codec: MessageCodec, bank: Bank, index: MemoryJournalIndex
    ) {
        self.index = index
        let box = WeakBox()
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        let clock = WallClock { box.process?.clock.unixMilliseconds ?? 0 }
        let timing = Timing(
            now: { world.now }, pause: { await box.process?.wait($0) ?? false },
            sleep: { await box.process?.wait($0) ?? false })
        let sender = BoxedSender(box: box)
        journalTopic = codec.topics.journal(of: Settings.provider)
        partitions = settings.partitions
        journal = Journal(
            provider: Settings.provider, instance: name, codec: codec, sender: sender,
            index: MortalIndex(inner: index, box: box), settings: Settings.journal, timing: timing, clock: clock,
            blocking: .inPlace, logger: logger, faults: settings.faults)
        var processor = CommandProcessor(
            .init(
                provider: SimulatedProvider(bank: bank, box: box, kind: settings.kind), codec: codec, sender: sender,
                journal: journal, settings: Settings.worker,
                deadLetters: DeadLetterWriter(
                    codec: codec, sender: sender, partitionCount: 1, clock: clock, logger: logger),
                clock: clock, timing: timing, logger: logger))
        processor.faults = settings.faults
        self.processor = processor
        super.init(
            world, broker, group, statistics, name: name, commitsEarly: settings.faults.contains(.committedEarly))
        box.process = self
        journal.attach(self as any JournalOwner)
        journal.attach(source: self)
    }

    override func start() {
        for (partition, offset) in journal.open() { positions[partition] = offset }
        for partition in 0..<partitions { read(partition) }
        broker.onStored { [weak self] partition in
            guard let self, partition.topic == journalTopic else { return }
            read(partition.partition)
        }
        super.start()
    }

    override func background() async { try? await journal.run() }

    override func process(_ work: LaneWork, _ partition: KafkaPartition) async -> RecordDisposition {
        await processor.process(work, partition)
    }

    override var holdsPartitions: Bool { true }
    override func partitionsAssigned(_ partitions: [Int32]) { journal.assigned(partitions) }
    override func partitionsRevoked(_ partitions: [Int32]) { journal.revoked(partitions) }

    // MARK: - The journal's topic

    private func read(_ partition: Int32) {
        world.after(world.milliseconds(1...6)) { [weak self] in
            self?.whenAwake { self?.deliver(partition) }
        }
    }

    private func deliver(_ partition: Int32) {
        guard !isDead, let position = positions[partition] else { return }
        if isCutOff || broker.isDown {
            return world.after(.milliseconds(300)) { [weak self] in self?.whenAwake { self?.deliver(partition) } }
        }
        let place = KafkaPartition(topic: journalTopic, partition: partition)
        let batch = broker.read(place, from: position, max: world.pick(1...16))
        guard let last = batch.last else { return }
        positions[partition] = last.offset + 1
        journal.received(batch)
        if broker.end(of: place) > (positions[partition] ?? 0) { read(partition) }
    }

    /// Whether it lives and has read everything.
    var isCaughtUp: Bool {
        isResponsive
            && (0..<partitions).allSatisfy { partition in
                positions[partition] == broker.end(of: KafkaPartition(topic: journalTopic, partition: partition))
            }
    }

    /// What this process holds of a partition, for comparison.
    func rows(of partition: Int32) -> [JournalRow] { index.rows(of: partition) }

    func endOffset(of partition: Int32) async -> Int64? {
        guard await wait(.milliseconds(2)), !isCutOff, !broker.isDown else { return nil }
        return broker.end(of: KafkaPartition(topic: journalTopic, partition: partition))
    }

    func restart(_ partition: Int32) {
        positions[partition] = nil
        world.after(.milliseconds(3)) { [weak self] in
            self?.whenAwake {
                self?.positions[partition] = 0
                self?.journal.restarted(partition)
                self?.deliver(partition)
            }
        }
    }

    func assignmentChanged(_ partitions: Set<Int32>) {}

    // MARK: - Ownership

    func opened(_ partition: Int32) { if !isDead { open(partition) } }
    func held(_ partition: Int32) { if !isDead { hold(partition) } }
    func isDue(_ key: JournalKey, lane: Lane, partition: Int32) { if !isDead { queueDue(key, lane, partition) } }
}

/// A process that what it is made of refers to.
///
/// Sendable: used by its world's thread only.
final class WeakBox: @unchecked Sendable {
    weak var process: SimulatedProcess?
}

/// The producer of a process.
///
/// Sendable: used by its world's thread only.
struct BoxedSender: RecordSender, @unchecked Sendable {
    let box: WeakBox

    var generation: Int { 0 }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        guard let process = box.process else {
            report(.failure(KafkaSendError(code: .shuttingDown, mayBeStored: false)))
            return
        }
        process.sender.submit(record, generation: generation, report)
    }
}

/// An index on a disk, to which a dead process writes nothing.
///
/// Sendable: used by its world's thread only.
struct MortalIndex: JournalIndex, @unchecked Sendable {
    let inner: MemoryJournalIndex
    let box: WeakBox

    private var isAlive: Bool { box.process?.isDead == false }

    func checkpoint(of partition: Int32) -> JournalCheckpoint? { inner.checkpoint(of: partition) }
    func row(_ key: JournalKey, of partition: Int32) async -> JournalRow? { inner.storedRow(key, of: partition) }
    func storedRow(_ key: JournalKey, of partition: Int32) -> JournalRow? { inner.storedRow(key, of: partition) }
    func attentionRows(of partition: Int32) -> [JournalRow] { inner.attentionRows(of: partition) }
    func expiredKeys(of partition: Int32, atMilliseconds now: Int64, limit: Int) -> [JournalKey] {
        inner.expiredKeys(of: partition, atMilliseconds: now, limit: limit)
    }
    func store(_ rows: [JournalKey: JournalRow?], _ checkpoint: JournalCheckpoint, of partition: Int32) {
        if isAlive { inner.store(rows, checkpoint, of: partition) }
    }
    func reset(_ partition: Int32) { if isAlive { inner.reset(partition) } }
}
