public import Shared
import Synchronization

/// An index without a disk: for tests, and for simulations in which a process loses it with its memory.
public final class MemoryJournalIndex: JournalIndex {
    private struct Partition {
        var rows: [JournalKey: JournalRow] = [:]
        var checkpoint: JournalCheckpoint?
    }

    private let partitions = Mutex<[Int32: Partition]>([:])

    /// Makes an empty index.
    public init() {}

    /// What was stored of a partition.
    public func checkpoint(of partition: Int32) -> JournalCheckpoint? {
        partitions.withLock { $0[partition]?.checkpoint }
    }

    /// The row of an entry.
    public func row(_ key: JournalKey, of partition: Int32) async -> JournalRow? { storedRow(key, of: partition) }

    /// The row of an entry.
    public func storedRow(_ key: JournalKey, of partition: Int32) -> JournalRow? {
        partitions.withLock { $0[partition]?.rows[key] }
    }

    /// Rows that are open or need repair.
    public func attentionRows(of partition: Int32) -> [JournalRow] {
        partitions.withLock { partitions in
            (partitions[partition]?.rows.values.filter { $0.needsRepair || $0.mark.isOpen } ?? [])
                .sorted { $0.offset < $1.offset }
        }
    }

    /// Entries that are not open and whose expiry is over.
    public func expiredKeys(of partition: Int32, atMilliseconds now: Int64, limit: Int) -> [JournalKey] {
        partitions.withLock { partitions in
            let rows = partitions[partition]?.rows.values.filter { row in
                row.value != nil && !row.mark.isOpen && (row.mark.expiresAtMilliseconds ?? .max) < now
            }
            return (rows ?? []).sorted { $0.offset < $1.offset }.prefix(limit).map(\.key)
        }
    }

    /// Stores rows and the checkpoint that they lead to.
    public func store(_ rows: [JournalKey: JournalRow?], _ checkpoint: JournalCheckpoint, of partition: Int32) {
        partitions.withLock { partitions in
            for (key, row) in rows { partitions[partition, default: Partition()].rows[key] = row }
            partitions[partition, default: Partition()].checkpoint = checkpoint
        }
    }

    /// All rows of a partition.
    func rows(of partition: Int32) -> [JournalRow] {
        partitions.withLock { Array($0[partition]?.rows.values ?? [:].values) }
    }

    /// Forgets a partition.
    public func reset(_ partition: Int32) {
        partitions.withLock { $0[partition] = nil }
    }
}
