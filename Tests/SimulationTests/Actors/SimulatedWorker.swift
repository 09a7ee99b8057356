import Logging
import Providers
import Shared
import Synchronization

@testable import Worker

/// A worker: the product's journal and command processor, with the world in place of Kafka and provider.
///
/// Sendable: used by its world's thread only.
final class SimulatedWorker: SimulatedConsumer, JournalOwner, @unchecked Sendable {
    let journal: Journal
    private let feed: JournalFeed
    private let processor: CommandProcessor
    private let codec: MessageCodec

    init(
        _ world: World, _ broker: Broker, _ group: Group, _ statistics: Statistics, _ settings: Settings, name: String,
        codec: MessageCodec, bank: Bank
    ) {
        self.codec = codec
        let box = WeakBox()
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        let clock = WallClock { box.process?.clock.unixMilliseconds ?? 0 }
        let timing = Timing(
            now: { world.now }, pause: { await box.process?.wait($0) ?? false },
            sleep: { await box.process?.wait($0) ?? false })
        let sender = BoxedSender(box: box)
        feed = JournalFeed(world, broker, codec, box, lie: settings.fault.journalLie(codec))
        journal = Journal(
            provider: Settings.provider, instance: name, codec: codec, sender: sender, settings: settings.journal,
            timing: settings.fault.journalTiming(timing), clock: clock, logger: logger)
        processor = CommandProcessor(
            .init(
                provider: SimulatedProvider(bank: bank, box: box, settings), codec: codec, sender: sender,
                journal: journal, settings: settings.worker,
                deadLetters: DeadLetterWriter(
                    codec: codec, sender: sender, partitionCount: 1, clock: clock, logger: logger),
                clock: clock, timing: timing, logger: logger))
        super.init(world, broker, group, statistics, settings, name: name)
        box.process = self
        replaceSender { settings.fault.sender($0, codec) }
        feed.journal = journal
        journal.attach(self as any JournalOwner)
        journal.attach(source: feed)
    }

    override func background() async {
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await self.journal.run() }
            tasks.addTask { await self.feed.askRegularly() }
        }
    }

    override func prepare() async -> Bool { await journal.catchUp() }

    override func process(_ work: LaneWork, _ partition: KafkaPartition) async -> RecordDisposition {
        let office = FaultyOffice(codec: codec, sender: sender, clock: clock)
        if case .record(let message) = work, let ended = await settings.fault.process(message, office) { return ended }
        return await processor.process(work, partition)
    }

    override var commitsEarly: Bool { settings.fault.commitsEarly }
    override var holdsPartitions: Bool { true }
    override func partitionsAssigned(_ partitions: [Int32]) { journal.assigned(partitions) }
    override func partitionsRevoked(_ partitions: [Int32]) { journal.revoked(partitions) }

    /// Its producer fails for good after nothing of it arrived for a while.
    func failProducer(after time: Duration) {
        producer.stall()
        world.after(time) { [weak self] in
            self?.whenAwake { [self] in
                guard let self else { return }
                producer.fail { if settings.fault.tellsOfFailedProducers { journal.producerFailed() } }
            }
        }
    }

    /// Partitions of the journal that it owns.
    var ownedCount: Int { journal.state.withLock { $0.partitions.values.count { $0.isOwned } } }

    /// What it knows of the journal's partitions, for people.
    var standing: String {
        let partitions = journal.state.withLock { $0.partitions.sorted { $0.key < $1.key }.map(\.value) }
        return partitions.map { "\($0.role) at \($0.log.position)" }.joined(separator: ", ") + ", " + reading
    }

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

    var generation: Int { box.process?.sender.generation ?? 0 }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        guard let process = box.process else {
            return report(.failure(KafkaSendError(code: .shuttingDown, mayBeStored: false)))
        }
        process.sender.submit(record, generation: generation, report)
    }
}
