import GRDB
public import Logging
public import Shared
import Synchronization

/// An index in a file: what a worker knew of a journal when it ended, so that it reads only what came since.
///
/// One file for each provider and process. It can always be made again from the topic, so one that is damaged, or that
/// another version has written, is deleted and begun anew without asking.
///
/// What the caller must do:
///
/// * Begin every partition with ``checkpoint(of:)``, and read its log from there; or, without a checkpoint or with one
///   that does not fit the log, with ``reset(_:)``, and read it from its beginning. Before that all other calls throw
///   ``JournalIndexError/lost``.
/// * When any call throws ``JournalIndexError/lost``, use nothing more of that partition, ``reset(_:)`` it and read it
///   from its beginning. The file holds all partitions, so each of them will say so, when it is asked next; the first
///   ``reset(_:)`` makes the file again. A process that ends instead finds an empty index at its next start.
/// * When a call throws ``JournalIndexError/failed(code:)``, nothing has changed. What ``store(_:_:of:)`` did not take
///   must be kept and stored later, and no more be read than there is memory for.
/// * Write from one thread at a time. ``row(_:of:)`` may be called by any task; all others block.
///
/// Memory: at most 64 MiB, see ``JournalDatabase``. The time of a lookup hardly depends on the number of rows.
public final class SQLiteJournalIndex: JournalIndex {
    private struct State {
        var database: JournalDatabase?
        /// Readings of the partitions that were begun.
        var readings: [Int32: Int64] = [:]
        var lastReading: Int64 = 0

        mutating func begin(_ partition: Int32, reading: Int64? = nil) {
            if reading == nil { lastReading += 1 }
            readings[partition] = reading ?? lastReading
        }
    }

    private let slot: JournalSlot
    private let logger: Logger
    private let state: Mutex<State>
    /// Opens `<name>-<n>.sqlite` of the first place in the directory that is free, or makes it; blocks.
    ///
    /// The place is taken as long as the object lives.
    public init(directory: String, name: String, logger: Logger) throws(JournalIndexError) {
        self.slot = try JournalSlot(directory: directory, name: name)
        self.logger = logger
        self.state = Mutex(State())
        let (database, last) = try open()
        state.withLock { state in
            state.database = database
            state.lastReading = last
        }
    }

    deinit {
        // Closes the file, before its place is free for another one.
        state.withLock { $0.database }?.close()
    }

    private func open() throws(JournalIndexError) -> (JournalDatabase, lastReading: Int64) {
        if JournalDatabase.exists(slot.path) {
            do {
                let database = try JournalDatabase(opening: slot.path)
                return (database, try database.lastReading())
            } catch {
                logger.warning("the journal's index cannot be used and is begun anew")
            }
        }
        return (try create(), 0)
    }

    private func create() throws(JournalIndexError) -> JournalDatabase {
        do {
            return try JournalDatabase(creating: slot.path)
        } catch {
            throw Self.error(error)
        }
    }

    /// What was stored of a partition, which is begun by this.
    public func checkpoint(of partition: Int32) throws -> JournalCheckpoint? {
        guard let database = state.withLock({ $0.database }) else { return nil }
        let stored = try attempt(database) { try database.stored(partition) }
        state.withLock { state in
            guard state.database === database else { return }
            state.begin(partition, reading: stored?.reading)
        }
        return stored?.checkpoint
    }

    /// The row of an entry.
    public func row(_ key: JournalKey, of partition: Int32) async throws -> JournalRow? {
        let (database, reading) = try begun(partition)
        guard database.mayHave(key, reading: reading) else { return nil }
        let answer: Result<JournalRow?, any Error> = await withCheckedContinuation { continuation in
            database.row(key, reading: reading) { continuation.resume(returning: $0) }
        }
        return try attempt(database) { try answer.get() }
    }

    /// The row of an entry, on the calling thread.
    public func storedRow(_ key: JournalKey, of partition: Int32) throws -> JournalRow? {
        let (database, reading) = try begun(partition)
        guard database.mayHave(key, reading: reading) else { return nil }
        return try attempt(database) { try database.row(key, reading: reading) }
    }

    /// Rows that are open or need repair, in their order in the log.
    public func attentionRows(of partition: Int32) throws -> [JournalRow] {
        let (database, reading) = try begun(partition)
        return try attempt(database) { try database.attentionRows(reading: reading) }
    }

    /// Entries that are not open and whose expiry is over, the earliest first.
    public func expiredKeys(of partition: Int32, atMilliseconds now: Int64, limit: Int) throws -> [JournalKey] {
        let (database, reading) = try begun(partition)
        return try attempt(database) { try database.expiredKeys(reading: reading, before: now, limit: limit) }
    }

    /// Stores rows and the checkpoint that they lead to, in one transaction.
    public func store(_ rows: [JournalKey: JournalRow?], _ checkpoint: JournalCheckpoint, of partition: Int32) throws {
        let (database, reading) = try begun(partition)
        try attempt(database) { try database.store(rows, checkpoint, reading: reading, partition: partition) }
    }

    /// Forgets a partition at once, whatever its size, and begins it anew; makes the file again when it is lost.
    public func reset(_ partition: Int32) throws {
        if let database = state.withLock({ $0.database }) {
            do {
                try attempt(database) { try database.abandon(partition) }
                state.withLock { $0.begin(partition) }
                return
            } catch JournalIndexError.lost {
                logger.warning("the journal's index is made again")
            }
        }
        let database = try create()
        state.withLock { state in
            state = State(database: database)
            state.begin(partition)
        }
    }

    private func begun(_ partition: Int32) throws(JournalIndexError) -> (JournalDatabase, reading: Int64) {
        try state.withLock { (state) throws(JournalIndexError) in
            guard let database = state.database, let reading = state.readings[partition] else { throw .lost }
            return (database, reading)
        }
    }

    // MARK: - What can go wrong

    /// Does something with a file; one that turns out to be damaged is deleted, so that nobody begins with it again.
    private func attempt<Answer>(
        _ database: JournalDatabase, _ body: () throws -> Answer
    ) throws(JournalIndexError) -> Answer {
        do {
            return try body()
        } catch {
            let error = Self.error(error)
            guard error == .lost else { throw error }
            let isFirst = state.withLock { state in
                guard state.database === database else { return false }
                state = State()
                JournalDatabase.delete(slot.path)
                return true
            }
            if isFirst { logger.error("the journal's index is damaged; it will be made again from the topic") }
            throw error
        }
    }

    private static func error(_ error: any Error) -> JournalIndexError {
        if let error = error as? JournalIndexError { return error }
        // A value of another kind than was written, for instance.
        guard let error = error as? DatabaseError else { return .lost }
        switch error.extendedResultCode {
        case .SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_CORRUPTFS, .SQLITE_READONLY_DBMOVED:
            return .lost
        default: break
        }
        switch error.resultCode {
        // A table or column that is not there is damage too: the schema was right when the file was opened.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CANTOPEN, .SQLITE_ERROR, .SQLITE_FORMAT, .SQLITE_MISUSE:
            return .lost
        default: return .failed(code: error.resultCode.rawValue)
        }
    }
}
