import Shared

/// The broker: logs, outages, changes of leaders, and what a log can lose.
///
/// Sendable: used by its world's thread only.
final class Broker: @unchecked Sendable {
    /// A record in a log.
    struct Stored {
        let number: Int
        let message: KafkaMessage
        let at: Duration
        /// Whether anybody can know that it is there: its writer was told, or a reader was given it.
        var isKnown = false
    }

    /// The log of a partition.
    struct Log {
        var records: [Stored] = []
        var start: Int64 = 0
        var end: Int64 = 0
        var leaderIsAwayUntil: Duration = .zero
    }

    /// What a question for records is answered.
    enum Fetched {
        /// Records, and the offset to go on from.
        case records([KafkaMessage], next: Int64)
        /// Nobody answers now.
        case unavailable
        /// The offset is outside of the log.
        case outOfRange
    }

    private unowned let world: World
    var logs: [KafkaPartition: Log] = [:]
    private var stores = 0
    /// Numbers of records that were stored and are gone with the end of their log.
    private var lostNumbers: Set<Int> = []
    private var listeners: [(KafkaPartition) -> Void] = []
    private var loseListeners: [(KafkaPartition, Int64) -> Void] = []
    var isDown = false

    init(_ world: World) { self.world = world }

    var now: Duration { world.now }

    /// Calls when something was stored; for as long as the world lasts.
    func onStored(_ listener: @escaping (KafkaPartition) -> Void) { listeners.append(listener) }

    /// Calls when a log's end has moved back, with the new end; for as long as the world lasts.
    func onLost(_ listener: @escaping (KafkaPartition, Int64) -> Void) { loseListeners.append(listener) }

    func isAvailable(_ partition: KafkaPartition) -> Bool {
        !isDown && world.now >= (logs[partition]?.leaderIsAwayUntil ?? .zero)
    }

    /// When the partition's leader is back.
    func leaderReturn(of partition: KafkaPartition) -> Duration { logs[partition]?.leaderIsAwayUntil ?? .zero }

    /// For a while nobody answers for a partition.
    func changeLeader(of partition: KafkaPartition, for time: Duration) {
        logs[partition, default: Log()].leaderIsAwayUntil = world.now + time
    }

    // MARK: - Reading

    func end(of partition: KafkaPartition) -> Int64 { logs[partition]?.end ?? 0 }
    func start(of partition: KafkaPartition) -> Int64 { logs[partition]?.start ?? 0 }

    /// The first offset and the end of a partition; `nil` when nobody answers.
    func bounds(of partition: KafkaPartition) -> Range<Int64>? {
        guard isAvailable(partition) else { return nil }
        return start(of: partition)..<end(of: partition)
    }

    /// Records from an offset up to before another one, at most so many.
    func fetch(_ partition: KafkaPartition, from offset: Int64, upTo limit: Int64 = .max, max: Int) -> Fetched {
        guard isAvailable(partition) else { return .unavailable }
        guard let log = logs[partition] else { return offset == 0 ? .records([], next: 0) : .outOfRange }
        guard (log.start...log.end).contains(offset) else { return .outOfRange }
        let first = Self.index(of: offset, log.records)
        var last = first
        while last < log.records.count, last - first < max, log.records[last].message.offset < limit {
            logs[partition]?.records[last].isKnown = true
            last += 1
        }
        // What follows the last record of a log that was compacted is no record either.
        let isAll = last == log.records.count || log.records[last].message.offset >= limit
        let next = isAll ? min(limit, log.end) : log.records[last].message.offset
        return .records(log.records[first..<last].map(\.message), next: next)
    }

    /// The record at an offset; `nil` when there is none.
    func record(at offset: Int64, of partition: KafkaPartition) -> KafkaMessage? {
        guard let records = logs[partition]?.records else { return nil }
        let index = Self.index(of: offset, records)
        guard index < records.count, records[index].message.offset == offset else { return nil }
        return records[index].message
    }

    func all(_ partition: KafkaPartition) -> [KafkaMessage] { (logs[partition]?.records ?? []).map(\.message) }

    /// Offsets rise, so the first one wanted is found by halving.
    private static func index(of offset: Int64, _ records: [Stored]) -> Int {
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if records[middle].message.offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: - Writing

    /// - Parameter wall: the time that the writer's clock says.
    /// - Returns: the record's place, and a number that tells it from what may be stored there later.
    @discardableResult
    func store(_ record: KafkaRecord, wall: Int64) -> (place: KafkaOffset, number: Int) {
        stores += 1
        let partition = KafkaPartition(topic: record.topic, partition: record.partition)
        let offset = end(of: partition)
        logs[partition, default: Log()].end = offset + 1
        let message = KafkaMessage(
            topic: record.topic, partition: record.partition, offset: offset, key: record.key, value: record.value,
            headers: record.headers, timestampMilliseconds: wall)
        logs[partition]?.records.append(Stored(number: stores, message: message, at: world.now))
        for listener in listeners { listener(partition) }
        return (KafkaOffset(partition: partition, offset: offset), stores)
    }

    /// A writer is told that its record is stored; `false` when it is there no more.
    func acknowledge(_ place: KafkaOffset, _ number: Int) -> Bool {
        guard !lostNumbers.contains(number) else { return false }
        guard let records = logs[place.partition]?.records else { return true }
        let index = Self.index(of: place.offset, records)
        if index < records.count { logs[place.partition]?.records[index].isKnown = true }
        return true
    }

    /// The last records of a partition are gone, and their offsets are given again; its leader is away for a moment.
    func lose(last count: Int, of partition: KafkaPartition) {
        guard let log = logs[partition], count > 0, count <= log.records.count else { return }
        let end = log.records[log.records.count - count].message.offset
        lostNumbers.formUnion(log.records.suffix(count).map(\.number))
        logs[partition]?.records.removeLast(count)
        logs[partition]?.end = end
        changeLeader(of: partition, for: world.milliseconds(50...1500))
        for listener in loseListeners { listener(partition, end) }
    }
}
