public import Logging
public import Shared
import Synchronization

/// What a provider's journal says, read once from beginning to end, for people.
///
/// Of entries that nobody asks for only the mark is kept, so that millions of them fit in memory.
public final class JournalView: Sendable {
    /// One entry.
    public struct Entry: Sendable {
        /// Which one.
        public var key: JournalKey
        /// How far it is.
        public var mark: JournalMark
        /// The effect; of a payment that of its last attempt.
        public var effect: EffectState
        /// The payment, when it is one.
        public var payment: PaymentRecord?
    }

    private struct State {
        var logs: [Int32: JournalLog] = [:]
        var rows: [Int32: [JournalKey: JournalRow]] = [:]
    }

    private let provider: ProviderName
    private let codec: MessageCodec
    private let isWanted: @Sendable (JournalKey, JournalSummary) -> Bool
    private let state = Mutex(State())

    /// Reads a journal up to where it ends at this moment.
    ///
    /// - Parameters:
    ///   - isWanted: which entries are kept besides open ones.
    ///   - limit: longest time without anything read.
    public static func read(
        _ provider: ProviderName, partitions: Int32, codec: MessageCodec, configuration: KafkaConfiguration,
        logger: Logger, within limit: Duration = .seconds(30),
        isWanted: @escaping @Sendable (JournalKey, JournalSummary) -> Bool
    ) async throws -> JournalView {
        let view = JournalView(provider, codec, isWanted)
        let topic = codec.topics.journal(of: provider)
        let places = (0..<partitions).map { KafkaPartition(topic: topic, partition: $0) }
        let reader = try KafkaPartitionReader(
            configuration: configuration, handler: { view.received($0) }, logger: logger)
        let starts = try await reader.startOffsets(places, within: limit)
        let ends = try await reader.endOffsets(places, within: limit)
        reader.assign(starts)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            await view.wait(for: ends, within: limit)
            reader.close()
        }
        return view
    }

    private init(
        _ provider: ProviderName, _ codec: MessageCodec,
        _ isWanted: @escaping @Sendable (JournalKey, JournalSummary) -> Bool
    ) {
        self.provider = provider
        self.codec = codec
        self.isWanted = isWanted
    }

    /// Waits until everything was read, or nothing comes any more: a log can end in offsets without records.
    private func wait(for ends: [KafkaOffset], within limit: Duration) async {
        var last: [Int32: Int64] = [:]
        var silentSince = ContinuousClock.now
        while true {
            let positions = state.withLock { $0.logs.mapValues { $0.position } }
            if ends.allSatisfy({ (positions[$0.partition.partition] ?? 0) >= $0.offset }) { return }
            if positions != last { silentSince = .now }
            last = positions
            guard ContinuousClock.now - silentSince < min(limit, .seconds(5)) else { return }
            guard await Timing.system.pause(for: .milliseconds(50)) else { return }
        }
    }

    private func received(_ batch: [KafkaMessage]) {
        state.withLock { state in
            for message in batch {
                var log = state.logs[message.partition] ?? JournalLog()
                defer { state.logs[message.partition] = log }
                guard let record = try? codec.journalReading(from: message) else {
                    log.skip(message.offset)
                    continue
                }
                _ = log.read(record) { state.rows[message.partition]?[$0] }
                let changes = log.changes
                for (key, row) in changes {
                    state.rows[message.partition, default: [:]][key] = row.map { kept($0) }
                }
                log.stored(changes)
            }
        }
    }

    private func kept(_ row: JournalRow) -> JournalRow {
        guard let value = row.value, !row.mark.isOpen else { return row }
        let summary = try? codec.journalSummary(from: value)
        if let summary, isWanted(row.key, summary) { return row }
        var light = row
        light.value = []
        return light
    }

    /// Entries that are open: effects of unknown outcome, and those that are under way at this moment.
    public func open() throws -> [Entry] {
        try entries { $0.mark.isOpen }
    }

    /// Entries that were wanted, open ones included.
    public func kept() throws -> [Entry] {
        try entries { $0.value?.isEmpty == false }
    }

    private func entries(_ isChosen: (JournalRow) -> Bool) throws -> [Entry] {
        let rows = state.withLock { $0.rows.values.flatMap { $0.values.filter(isChosen) } }
        return try rows.sorted { $0.key.text < $1.key.text }.compactMap { row in
            guard let value = row.value, !value.isEmpty else { return nil }
            if row.key.isPayment {
                let payment = try codec.journalContent(PaymentRecord.self, from: value, key: row.key, of: provider)
                guard let last = payment.last else { return nil }
                return Entry(key: row.key, mark: row.mark, effect: last.effect, payment: payment)
            }
            if row.key.text.hasPrefix("k:") { return nil }
            let effect = try codec.journalContent(EffectState.self, from: value, key: row.key, of: provider)
            return Entry(key: row.key, mark: row.mark, effect: effect)
        }
    }
}
