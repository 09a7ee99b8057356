public import Logging
public import ServiceLifecycle
public import Shared
import Synchronization

/// Reads the topics of all journals of a process, over one client; questions about offsets go over the producer.
///
/// What is read ends: once a second one question asks where all followed partitions end, and those that are behind are
/// read up to there. A partition that this process owns is never behind while nobody else writes to it, so it is not
/// fetched.
public final class JournalReader: Service, KafkaLogHandler {
    /// Longest wait for an answer of the broker about offsets.
    static let questionLimit: Duration = .seconds(5)
    /// Longest wait for a record that is looked up.
    static let recordLimit: Duration = .seconds(5)
    /// How often the first offsets are asked for: what has expired is dropped then.
    static let startsInterval: Duration = .seconds(60)

    private struct State {
        var journals: [String: Journal] = [:]
        var starts: [KafkaPartition: (offset: Int64, at: ContinuousClock.Instant)] = [:]
    }

    private let reader = Mutex<KafkaLogReader?>(nil)
    private let offsets: KafkaOffsets
    private let state = Mutex(State())
    private let logger: Logger

    /// Makes the reader of a process.
    ///
    /// - Parameter producer: questions about offsets go over it.
    public init(
        configuration: KafkaConfiguration, producer: KafkaProducer, logger: Logger
    ) throws(KafkaError) {
        self.offsets = KafkaOffsets(producer: producer, logger: logger)
        self.logger = logger
        let made = try KafkaLogReader(configuration: configuration, logger: logger, handler: self)
        reader.withLock { $0 = made }
    }

    /// Reads a journal too; call it before ``run()``.
    public func add(_ journal: Journal) {
        let topic = journal.codec.topics.journal(of: journal.provider)
        state.withLock { $0.journals[topic] = journal }
        journal.attach(source: JournalTopic(reader: self, topic: topic))
    }

    /// Whether a broker answers.
    public var isConnected: Bool { reader.withLock { $0 }?.isConnected ?? false }

    /// Reads until the process stops.
    public func run() async {
        guard let reader = reader.withLock({ $0 }) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            group.addTask { await self.askRegularly() }
            await group.next()
            group.cancelAll()
        }
        offsets.close()
    }

    private func askRegularly() async {
        let interval = state.withLock { $0.journals.values.map(\.settings.boundsInterval).min() } ?? .seconds(1)
        while await Pause.wait(for: interval) {
            let journals = state.withLock { $0.journals }
            let asked = journals.map { (topic: $0, journal: $1, positions: $1.followedPositions) }
            let places = asked.flatMap { topic, _, positions in
                positions.keys.sorted().map { KafkaPartition(topic: topic, partition: $0) }
            }
            guard let bounds = await bounds(of: places) else { continue }
            for (topic, journal, positions) in asked {
                let own = bounds.filter { $0.key.topic == topic }.map { ($0.key.partition, $0.value) }
                journal.bounded(Dictionary(own) { first, _ in first }, askedAt: positions)
            }
        }
    }

    fileprivate func bounds(of places: [KafkaPartition]) async -> [KafkaPartition: Range<Int64>]? {
        guard !places.isEmpty, let ends = try? await offsets.ends(of: places, within: Self.questionLimit) else {
            return nil
        }
        let now = ContinuousClock.now
        let old = state.withLock { state in
            places.filter { now - (state.starts[$0]?.at ?? .now - .seconds(3600)) > Self.startsInterval }
        }
        if !old.isEmpty, let starts = try? await offsets.starts(of: old, within: Self.questionLimit) {
            state.withLock { state in
                for (place, offset) in starts { state.starts[place] = (offset, now) }
            }
        }
        let starts = state.withLock { $0.starts }
        return ends.reduce(into: [:]) { bounds, end in
            guard let start = starts[end.key]?.offset else { return }
            bounds[end.key] = min(start, end.value)..<end.value
        }
    }

    fileprivate func read(_ partition: KafkaPartition, from offset: Int64, upTo end: Int64) {
        reader.withLock { $0 }?.read(partition, from: offset, upTo: end)
    }

    fileprivate func record(at place: KafkaOffset) async throws(KafkaError) -> KafkaMessage? {
        guard let reader = reader.withLock({ $0 }) else { throw KafkaError(code: .closed) }
        return try await reader.record(at: place, within: Self.recordLimit)
    }

    // MARK: - On the reader's thread

    /// A reading of a partition is taken up.
    public func began(_ partition: KafkaPartition, _ offset: Int64) {
        state.withLock { $0.journals[partition.topic] }?.began(offset, of: partition.partition)
    }

    /// Records of a partition were read.
    public func received(_ batch: KafkaRecordBatch, of partition: KafkaPartition) {
        guard let journal = state.withLock({ $0.journals[partition.topic] }) else { return }
        journal.received(batch, of: partition.partition)
    }

    /// Everything below an offset was delivered.
    public func reached(_ partition: KafkaPartition, _ offset: Int64) {
        state.withLock { $0.journals[partition.topic] }?.reached(offset, of: partition.partition)
    }

    /// The position is outside of the log.
    public func outOfLog(_ partition: KafkaPartition) {
        state.withLock { $0.starts[partition] = nil }
        state.withLock { $0.journals[partition.topic] }?.outOfLog(partition.partition)
    }
}

/// The topic of one journal.
private struct JournalTopic: JournalSource {
    let reader: JournalReader
    let topic: String

    func read(_ partition: Int32, from offset: Int64, upTo end: Int64) {
        reader.read(KafkaPartition(topic: topic, partition: partition), from: offset, upTo: end)
    }

    func record(at offset: Int64, of partition: Int32) async throws -> KafkaMessage? {
        try await reader.record(
            at: KafkaOffset(partition: KafkaPartition(topic: topic, partition: partition), offset: offset))
    }

    func bounds(of partitions: Set<Int32>) async -> [Int32: Range<Int64>]? {
        let places = partitions.sorted().map { KafkaPartition(topic: topic, partition: $0) }
        guard let bounds = await reader.bounds(of: places) else { return nil }
        return Dictionary(bounds.map { ($0.key.partition, $0.value) }) { first, _ in first }
    }
}
