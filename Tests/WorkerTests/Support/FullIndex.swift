import Shared
import Synchronization

@testable import Worker

/// An index whose disk can be full.
final class FullIndex: JournalIndex {
    static let failure = JournalIndexError.failed(code: 13)

    let stored = MemoryJournalIndex()
    private let full = Atomic(false)

    var isFull: Bool {
        get { full.load(ordering: .relaxed) }
        set { full.store(newValue, ordering: .relaxed) }
    }

    func checkpoint(of partition: Int32) -> JournalCheckpoint? { stored.checkpoint(of: partition) }
    func row(_ key: JournalKey, of partition: Int32) async -> JournalRow? { await stored.row(key, of: partition) }
    func storedRow(_ key: JournalKey, of partition: Int32) -> JournalRow? { stored.storedRow(key, of: partition) }
    func attentionRows(of partition: Int32) -> [JournalRow] { stored.attentionRows(of: partition) }
    func reset(_ partition: Int32) { stored.reset(partition) }

    func expiredKeys(of partition: Int32, atMilliseconds now: Int64, limit: Int) -> [JournalKey] {
        stored.expiredKeys(of: partition, atMilliseconds: now, limit: limit)
    }

    func store(_ rows: [JournalKey: JournalRow?], _ checkpoint: JournalCheckpoint, of partition: Int32) throws {
        if isFull { throw Self.failure }
        stored.store(rows, checkpoint, of: partition)
    }
}
