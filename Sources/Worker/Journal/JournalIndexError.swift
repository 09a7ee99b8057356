/// Why a journal's index does not answer.
///
/// Says nothing of what is in it: no key, no value, no statement.
public enum JournalIndexError: Error, Sendable, Hashable {
    /// What was stored of the partition is lost: the file was damaged, or was begun anew because of another partition.
    ///
    /// The caller must not go on with what it has of the partition: ``JournalIndex/reset(_:)``, then read it from its
    /// beginning.
    case lost
    /// The disk did not do what was asked, and nothing has changed; SQLite's result code (13: the disk is full).
    ///
    /// The same call can be made again. Until then, what was not stored must be kept.
    case failed(code: Int32)
    /// As many indexes as there may be in the directory are open.
    case noSlot
    /// The directory cannot be made, or nothing can be written into it.
    case directoryNotUsable
}
