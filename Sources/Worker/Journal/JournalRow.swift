public import Shared

/// The valid state of one entry of a journal, as its partition's reader keeps it.
public struct JournalRow: Sendable, Hashable {
    /// The entry.
    public var key: JournalKey
    /// The mark of the record that made the state.
    public var mark: JournalMark
    /// The record's value, sealed as on the topic; `nil` when the entry does not exist and only a void record does.
    public var value: [UInt8]?
    /// The record's offset.
    public var offset: Int64
    /// Whether the last record of the entry in the log is a void one: then compaction will remove the valid one, and
    /// the owner must write it again before.
    public var needsRepair: Bool

    /// The offset at which the state was first written: a record that repeats a state is the same state.
    public var stateOffset: Int64 { mark.repeats ?? offset }

    /// Makes a row.
    public init(key: JournalKey, mark: JournalMark, value: [UInt8]?, offset: Int64, needsRepair: Bool = false) {
        self.key = key
        self.mark = mark
        self.value = value
        self.offset = offset
        self.needsRepair = needsRepair
    }
}

/// How far a partition's journal was read, and who owned it there.
public struct JournalCheckpoint: Sendable, Hashable {
    /// The next offset to read.
    public var position: Int64
    /// Highest epoch so far; 0 before the first owner.
    public var epoch: Int64
    /// Id of that epoch's owner record; empty when that record was not seen.
    public var ownerID: String
    /// SHA-256 of id, key and mark of the record before ``position``, in hexadecimal; empty at the beginning.
    ///
    /// If another record stands there, this is another log.
    public var lastRecord: String

    /// Makes a checkpoint.
    public init(position: Int64 = 0, epoch: Int64 = 0, ownerID: String = "", lastRecord: String = "") {
        self.position = position
        self.epoch = epoch
        self.ownerID = ownerID
        self.lastRecord = lastRecord
    }
}

/// A local copy of what a journal says: a cache that can always be made again from the topic.
///
/// Written by one thread, read by many; every call blocks for as long as the disk takes, except ``row(_:of:)``.
public protocol JournalIndex: Sendable {
    /// What was stored of a partition; `nil` when nothing was.
    func checkpoint(of partition: Int32) throws -> JournalCheckpoint?

    /// The row of an entry, from any task; does not block the calling thread.
    func row(_ key: JournalKey, of partition: Int32) async throws -> JournalRow?

    /// The row of an entry, on the calling thread.
    func storedRow(_ key: JournalKey, of partition: Int32) throws -> JournalRow?

    /// Rows that are open or need repair, ghosts included; few at any time.
    func attentionRows(of partition: Int32) throws -> [JournalRow]

    /// Entries that are not open and whose expiry is over, at most `limit`.
    func expiredKeys(of partition: Int32, atMilliseconds now: Int64, limit: Int) throws -> [JournalKey]

    /// Stores rows (`nil` removes one) and the checkpoint that they lead to, all or nothing.
    func store(_ rows: [JournalKey: JournalRow?], _ checkpoint: JournalCheckpoint, of partition: Int32) throws

    /// Forgets a partition, to be read from the beginning again.
    func reset(_ partition: Int32) throws
}
