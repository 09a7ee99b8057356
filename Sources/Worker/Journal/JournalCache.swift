import Shared

/// Recent records, by their places, in one piece of memory of which each takes what the oldest ones leave.
///
/// Bytes are copied in and out, so that nothing is kept from the allocator.
struct JournalCache: Sendable {
    private struct Place: Hashable {
        let partition: Int32
        let offset: Int64
    }

    private struct Slot {
        /// Counted from the first byte that was ever written.
        let start: Int
        let key: Int
        let mark: Int
        let value: Int
        let timestampMilliseconds: Int64

        var end: Int { start + key + mark + value }
    }

    /// Sendable: used under its journal's lock alone.
    private final class Memory: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer

        init(_ count: Int) { bytes = .allocate(byteCount: count, alignment: 8) }
        deinit { bytes.deallocate() }
    }

    private let memory: Memory
    private var slots: [Place: Slot] = [:]
    /// Places in the order in which they were written; one that was dropped or written again stands here in vain.
    private var order: [(place: Place, start: Int)] = []
    private var oldest = 0
    private var written = 0

    init(bytesMax: Int) { memory = Memory(max(1, bytesMax)) }

    private var capacity: Int { memory.bytes.count }

    /// The record at a place, when it is kept.
    func record(at offset: Int64, of partition: Int32) -> JournalStoredRecord? {
        guard let slot = slots[Place(partition: partition, offset: offset)] else { return nil }
        let begin = slot.start % capacity
        func part(_ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: memory.bytes[(begin + start)..<(begin + start + count)])
        }
        guard let key = JournalRecordKey(part(0, slot.key)), let mark = JournalMark(part(slot.key, slot.mark)) else {
            return nil
        }
        return JournalStoredRecord(
            key: key, mark: mark, value: Array(part(slot.key + slot.mark, slot.value)), offset: offset,
            timestampMilliseconds: slot.timestampMilliseconds)
    }

    /// Keeps a record by its Kafka key, its mark's header and its value; one that takes all the room is not kept.
    mutating func keep(
        _ offset: Int64, of partition: Int32, key: [UInt8], mark: [UInt8], value: [UInt8],
        timestampMilliseconds: Int64
    ) {
        let size = key.count + mark.count + value.count
        guard size <= capacity / 2 else { return }
        // A record stands in one piece.
        if written % capacity + size > capacity { written += capacity - written % capacity }
        let slot = Slot(
            start: written, key: key.count, mark: mark.count, value: value.count,
            timestampMilliseconds: timestampMilliseconds)
        written = slot.end
        while oldest < order.count, order[oldest].start < written - capacity { forgetOldest() }
        var start = slot.start % capacity
        for bytes in [key, mark, value] {
            UnsafeMutableRawBufferPointer(rebasing: memory.bytes[start...]).copyBytes(from: bytes)
            start += bytes.count
        }
        let place = Place(partition: partition, offset: offset)
        slots[place] = slot
        order.append((place, slot.start))
        if oldest > 4096, oldest * 2 > order.count {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    /// Forgets what was replaced by a later record of its entry.
    mutating func drop(_ offset: Int64, of partition: Int32) {
        slots[Place(partition: partition, offset: offset)] = nil
    }

    /// Forgets a partition.
    mutating func drop(partition: Int32) {
        slots = slots.filter { $0.key.partition != partition }
    }

    private mutating func forgetOldest() {
        let (place, start) = order[oldest]
        oldest += 1
        if slots[place]?.start == start { slots[place] = nil }
    }
}
