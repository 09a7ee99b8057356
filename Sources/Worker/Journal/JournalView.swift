public import Logging
public import Shared
import Synchronization

/// What a provider's journal says, for people: its index is made once from beginning to end, values are read as they
/// are asked for.
public final class JournalView: KafkaLogHandler {
    /// One entry.
    public struct Entry: Sendable {
        /// Which one.
        public var key: JournalKey
        /// How far it is.
        public var stage: JournalMark.Stage
        /// The effect; of a payment that of its last attempt.
        public var effect: EffectState
        /// The payment, when it is one.
        public var payment: PaymentRecord?
    }

    private struct State {
        var logs: [Int32: JournalLog] = [:]
        var wanted: [(partition: Int32, hash: JournalEntryHash)] = []
        var failures = 0
    }

    private let provider: ProviderName
    private let codec: MessageCodec
    private let isWanted: (@Sendable (JournalKey, JournalSummary) -> Bool)?
    private let hash = JournalHash()
    private let reader = Mutex<KafkaLogReader?>(nil)
    private let left = Mutex<(partitions: Set<Int32>, continuation: CheckedContinuation<Void, Never>?)>(([], nil))
    private let state = Mutex(State())

    /// Reads a journal up to where it ends at this moment, and lends what it says.
    ///
    /// - Parameters:
    ///   - isWanted: which entries ``kept()`` returns besides open ones; none when it is `nil`, which is faster.
    ///   - limit: longest wait for an answer about offsets, and for a record.
    public static func read<Value: Sendable>(
        _ provider: ProviderName, partitions: Int32, codec: MessageCodec, configuration: KafkaConfiguration,
        logger: Logger, within limit: Duration = .seconds(30),
        isWanted: (@Sendable (JournalKey, JournalSummary) -> Bool)? = nil,
        _ body: @escaping @Sendable (JournalView) async throws -> Value
    ) async throws -> Value {
        let view = JournalView(provider, codec, isWanted)
        let topic = codec.topics.journal(of: provider)
        let places = (0..<partitions).map { KafkaPartition(topic: topic, partition: $0) }
        let offsets = KafkaOffsets(configuration: configuration, logger: logger)
        defer { offsets.close() }
        let bounds = try await offsets.bounds(of: places, within: limit)
        let reader = try KafkaLogReader(configuration: configuration, logger: logger, handler: view)
        view.reader.withLock { $0 = reader }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            defer { reader.close() }
            await view.readAll(bounds, reader)
            return try await body(view)
        }
    }

    private init(
        _ provider: ProviderName, _ codec: MessageCodec,
        _ isWanted: (@Sendable (JournalKey, JournalSummary) -> Bool)?
    ) {
        self.provider = provider
        self.codec = codec
        self.isWanted = isWanted
    }

    private func readAll(_ bounds: [KafkaPartition: Range<Int64>], _ reader: KafkaLogReader) async {
        await withCheckedContinuation { continuation in
            let isEmpty = left.withLock { left in
                left = (Set(bounds.keys.map(\.partition)), continuation)
                return left.partitions.isEmpty
            }
            if isEmpty { continuation.resume() }
            for (place, range) in bounds { reader.read(place, from: range.lowerBound, upTo: range.upperBound) }
        }
    }

    /// Records of a partition were read.
    public func received(_ batch: KafkaRecordBatch, of partition: KafkaPartition) {
        state.withLock { state in
            var log = state.logs.removeValue(forKey: partition.partition) ?? JournalLog()
            defer { state.logs[partition.partition] = log }
            for record in batch {
                let fields = JournalRecordFields(record)
                guard let reading = try? codec.journalReading(from: fields, hash, claimsSince: .max) else {
                    state.failures += 1
                    log.pass(record.offset)
                    continue
                }
                _ = log.read(reading)
                guard let isWanted, case .entry(let hash) = reading.subject,
                    let stored = try? codec.journalRecord(from: record.copied()),
                    let summary = try? codec.journalSummary(from: stored.value), isWanted(stored.key.entry, summary)
                else { continue }
                state.wanted.append((partition.partition, hash))
            }
            _ = log.takeChanged()
        }
    }

    /// Everything below an offset was delivered.
    public func reached(_ partition: KafkaPartition, _ offset: Int64) { finish(partition.partition) }
    /// The position is outside of the log.
    public func outOfLog(_ partition: KafkaPartition) { finish(partition.partition) }

    private func finish(_ partition: Int32) {
        let waiting = left.withLock { left in
            left.partitions.remove(partition)
            defer { if left.partitions.isEmpty { left.continuation = nil } }
            return left.partitions.isEmpty ? left.continuation : nil
        }
        waiting?.resume()
    }

    /// Ids of the keys that records of the log are sealed with, and when each was used last, Unix milliseconds.
    public var sealingKeys: [String: Int64] {
        state.withLock { state in
            state.logs.values.reduce(into: [:]) { all, log in all.merge(log.sealingKeys) { max($0, $1) } }
        }
    }

    /// Entries that are open: effects of unknown outcome, and those that are under way at this moment.
    public func open() async throws -> [Entry] {
        let open = state.withLock { state in
            state.logs.flatMap { number, log in log.open.keys.map { (number, $0) } }
        }
        return try await entries(open)
    }

    /// Entries that were wanted, open ones included.
    public func kept() async throws -> [Entry] {
        let wanted = state.withLock { $0.wanted }
        return try await entries(wanted) + open()
    }

    private func entries(_ wanted: [(partition: Int32, hash: JournalEntryHash)]) async throws -> [Entry] {
        var entries: [JournalKey: Entry] = [:]
        for (partition, hash) in wanted {
            guard let entry = try await entry(hash, partition) else { continue }
            entries[entry.key] = entry
        }
        return entries.values.sorted { $0.key.text < $1.key.text }
    }

    private func entry(_ hash: JournalEntryHash, _ partition: Int32) async throws -> Entry? {
        let places = state.withLock { $0.logs[partition]?.places(of: hash) ?? [] }
        let topic = codec.topics.journal(of: provider)
        var found = JournalEntry(known: 0)
        var records: [JournalStoredRecord] = []
        for place in places {
            let offset = KafkaOffset(topic: topic, partition: partition, offset: place)
            guard let message = try await reader.withLock({ $0 })?.record(at: offset, within: .seconds(10)) else {
                continue
            }
            records.append(try codec.journalRecord(from: message))
        }
        found.choose(from: records)
        guard let record = found.state else { return nil }
        let key = record.key.entry
        guard key.isPayment else {
            let effect = try codec.journalContent(EffectState.self, from: record.value, key: key, of: provider)
            return Entry(key: key, stage: record.mark.stage, effect: effect)
        }
        let payment = try codec.journalContent(PaymentRecord.self, from: record.value, key: key, of: provider)
        return payment.last.map { Entry(key: key, stage: record.mark.stage, effect: $0.effect, payment: payment) }
    }
}
