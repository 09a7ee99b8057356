import Foundation
import GRDB
import Shared
import Synchronization

/// One open file of a journal's index: its schema, its statements, and how rows are kept in it.
///
/// The rows are in a table in the order of their arrival, and their keys in an index beside it. A table in the order of
/// the keys would be smaller, but then every row lands on a page of its own that has to be read, changed and written.
///
/// Texts are kept as their bytes: they come from the topic and may hold anything, and SQLite's texts end at a zero.
///
/// Rows belong to a *reading* of their partition's log, from its beginning on. To forget a partition is to begin
/// another reading; the rows of the abandoned one go little by little, with each ``store(_:_:reading:partition:)``.
final class JournalDatabase: Sendable {
    /// Of the tables below; another one means that the file is begun anew.
    static let schemaVersion = 1
    /// Memory for pages, of the one connection that writes; the operating system keeps more, as long as it has any.
    static let writerCacheKibibytes = 32 * 1024
    /// Memory for pages, of each connection that reads.
    static let readerCacheKibibytes = 8 * 1024
    /// Connections that read.
    static let readersCount = 4
    /// Size of the write-ahead log at which it goes into the file.
    ///
    /// A page of keys is changed again and again before. The larger, the fewer pages are written, but the longer takes
    /// the one `store` that does it, and a start after a crash.
    static let walMebibytes = 64
    /// Rows of abandoned readings that go with each `store`.
    static let abandonedRowsMax = 2000
    /// Endings of the files that make up a database.
    private static let endings = [".sqlite", ".sqlite-wal", ".sqlite-shm"]

    /// The connection that writes, and by which the caller's thread reads all that is not asked for often.
    let writer: DatabaseQueue
    /// Connections that only look for rows.
    ///
    /// Not a pool: its transaction, its question for the schema's version and the way through its queues cost several
    /// times what a lookup costs.
    private let readers: [DatabaseQueue]
    private let lookups = Atomic<Int>(0)
    /// Which keys may have a row.
    private let filter = KeyFilter()
    /// The connection that reads the keys of a file that was there before; nothing waits for it.
    private let keysReader: DatabaseQueue?

    /// Opens the file; throws for one that is not a whole one of ours.
    init(opening path: String) throws {
        writer = try DatabaseQueue(path: path + ".sqlite", configuration: Self.configuration())
        do {
            try writer.unsafeRead { database in
                let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
                // SQLite takes what is missing of the last page for zeros.
                guard try Int.fetchOne(database, sql: "PRAGMA user_version") == Self.schemaVersion, page > 0,
                    Self.size(path) % page == 0
                else { throw JournalIndexError.lost }
                for table in ["entry", "partition", "abandoned"] {
                    _ = try Row.fetchOne(database, sql: "SELECT * FROM \(table) LIMIT 1")
                }
            }
            readers = try Self.openReaders(path)
            keysReader = try Self.openReader(path)
        } catch {
            try? writer.close()
            throw error
        }
        readKeys()
    }

    /// Makes an empty file in the place of what is there.
    init(creating path: String) throws {
        Self.delete(path)
        // Made here first, so that it and what SQLite puts beside it are nobody else's to read.
        let descriptor = Foundation.open(path + ".sqlite", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalIndexError.directoryNotUsable }
        Foundation.close(descriptor)
        writer = try DatabaseQueue(path: path + ".sqlite", configuration: Self.configuration())
        try writer.write { database in try database.execute(sql: Self.schema) }
        readers = try Self.openReaders(path)
        keysReader = nil
        filter.complete()
    }

    private static func openReaders(_ path: String) throws -> [DatabaseQueue] {
        try (0..<readersCount).map { _ in try openReader(path) }
    }

    private static func openReader(_ path: String) throws -> DatabaseQueue {
        var configuration = configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path + ".sqlite", configuration: configuration)
    }

    /// Fills the filter with what is in the file; what is stored meanwhile comes into it by itself.
    private func readKeys() {
        keysReader?.asyncUnsafeRead { [filter] database in
            // Without all keys the filter keeps nothing back, and every lookup finds out what is wrong with the file.
            guard let database = try? database.get(),
                let rows = try? Row.fetchCursor(database, sql: "SELECT key, reading FROM entry")
            else { return }
            do {
                while let row = try rows.next() {
                    filter.add(try Self.key(row), reading: try row.decode(Int64.self, atIndex: 1))
                }
                filter.complete()
            } catch {
                return
            }
        }
    }

    /// Closes the file, the connection that writes at last: it moves what is in the write-ahead log into the file.
    func close() {
        keysReader?.interrupt()
        try? keysReader?.close()
        for reader in readers { try? reader.close() }
        try? writer.close()
    }

    /// Whether there is a file to be opened.
    static func exists(_ path: String) -> Bool { size(path) > 0 }

    private static func size(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + ".sqlite")
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    /// Deletes the files; whoever has them open keeps them until it closes them.
    static func delete(_ path: String) {
        for ending in endings { unlink(path + ending) }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "pgm.journal"
        configuration.busyMode = .timeout(10)
        configuration.journalMode = .wal
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            let cache = database.configuration.readonly ? readerCacheKibibytes : writerCacheKibibytes
            try database.execute(sql: "PRAGMA cache_size = -\(cache)")
            guard !database.configuration.readonly else { return }
            let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
            let bytes = walMebibytes << 20
            try database.execute(
                sql: """
                    PRAGMA synchronous = NORMAL;
                    PRAGMA wal_autocheckpoint = \(bytes / max(512, page));
                    PRAGMA journal_size_limit = \(bytes);
                    """)
        }
        return configuration
    }

    private static let schema = """
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            reading INTEGER NOT NULL,
            key BLOB NOT NULL,
            position INTEGER NOT NULL,
            attention INTEGER NOT NULL,
            expires INTEGER,
            mark BLOB NOT NULL,
            value BLOB
        );
        CREATE UNIQUE INDEX entry_key ON entry (reading, key);
        CREATE INDEX entry_attention ON entry (reading, position) WHERE attention <> 0;
        CREATE INDEX entry_expires ON entry (reading, expires) WHERE expires IS NOT NULL;
        CREATE TABLE partition (
            number INTEGER PRIMARY KEY,
            reading INTEGER NOT NULL,
            position INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            owner BLOB NOT NULL,
            last BLOB NOT NULL
        );
        CREATE TABLE abandoned (reading INTEGER PRIMARY KEY);
        PRAGMA user_version = \(schemaVersion);
        """
}

// MARK: - Rows

extension JournalDatabase {
    private static let columns = "SELECT key, position, attention, mark, value FROM entry "
    private static let lookup = columns + "WHERE reading = ? AND key = ?"
    /// In `attention`: the entry is open.
    private static let open: Int64 = 1
    /// In `attention`: the entry needs repair.
    private static let repair: Int64 = 2

    /// Whether an entry may have a row; `false` is certain, and costs no lookup.
    func mayHave(_ key: JournalKey, reading: Int64) -> Bool { filter.mayContain(key, reading: reading) }

    /// The row of an entry; does not block the calling thread.
    ///
    /// - Parameter answer: called on the thread that has read.
    func row(
        _ key: JournalKey, reading: Int64, answer: @escaping @Sendable (Result<JournalRow?, any Error>) -> Void
    ) {
        nextReader().asyncUnsafeRead { database in
            answer(Result { try Self.row(key, reading: reading, in: database.get()) })
        }
    }

    /// The row of an entry.
    func row(_ key: JournalKey, reading: Int64) throws -> JournalRow? {
        try nextReader().unsafeRead { try Self.row(key, reading: reading, in: $0) }
    }

    private func nextReader() -> DatabaseQueue {
        let number = lookups.wrappingAdd(1, ordering: .relaxed).oldValue
        return readers[Int(UInt(bitPattern: number) % UInt(readers.count))]
    }

    private static func row(_ key: JournalKey, reading: Int64, in database: Database) throws -> JournalRow? {
        let statement = try database.cachedStatement(sql: lookup)
        let rows = try Row.fetchCursor(statement, arguments: [reading, bytes(key.text)])
        guard let row = try rows.next() else { return nil }
        return try Self.row(row)
    }

    /// Rows that are open or need repair, in their order in the log.
    func attentionRows(reading: Int64) throws -> [JournalRow] {
        try writer.unsafeRead { database in
            let statement = try database.cachedStatement(
                sql: Self.columns + "WHERE reading = ? AND attention <> 0 ORDER BY position")
            let rows = try Row.fetchCursor(statement, arguments: [reading])
            var found: [JournalRow] = []
            while let row = try rows.next() { found.append(try Self.row(row)) }
            return found
        }
    }

    /// Entries whose expiry is over, the earliest first.
    func expiredKeys(reading: Int64, before now: Int64, limit: Int) throws -> [JournalKey] {
        try writer.unsafeRead { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT key FROM entry WHERE reading = ? AND expires IS NOT NULL AND expires < ?
                    ORDER BY expires LIMIT ?
                    """)
            let rows = try Row.fetchCursor(statement, arguments: [reading, now, limit])
            var found: [JournalKey] = []
            while let row = try rows.next() { found.append(try Self.key(row)) }
            return found
        }
    }

    private static func row(_ row: Row) throws -> JournalRow {
        let attention = try row.decode(Int64.self, atIndex: 2)
        guard let mark = JournalMark(try text(row, 3)), mark.isOpen == (attention & open != 0) else {
            throw JournalIndexError.lost
        }
        return JournalRow(
            key: try key(row), mark: mark, value: try row.withUnsafeData(atIndex: 4) { data in data.map(Array.init) },
            offset: try row.decode(Int64.self, atIndex: 1), needsRepair: attention & repair != 0)
    }

    /// The key in the first column.
    private static func key(_ row: Row) throws -> JournalKey {
        guard let key = JournalKey(try text(row, 0)) else { throw JournalIndexError.lost }
        return key
    }

    private static func bytes(_ text: String) -> Data { Data(text.utf8) }

    private static func text(_ row: Row, _ index: Int) throws -> String {
        try row.withUnsafeData(atIndex: index) { data in
            guard let data else { throw JournalIndexError.lost }
            return String(decoding: data, as: UTF8.self)
        }
    }

    private static func put(_ row: JournalRow, reading: Int64, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO entry (reading, key, position, attention, expires, mark, value) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (reading, key) DO UPDATE SET position = excluded.position, attention = excluded.attention,
                expires = excluded.expires, mark = excluded.mark, value = excluded.value
                """)
        let isOpen = row.mark.isOpen
        let attention = (isOpen ? open : 0) | (row.needsRepair ? repair : 0)
        let expires = isOpen || row.value == nil ? nil : row.mark.expiresAtMilliseconds
        try statement.execute(arguments: [
            reading, bytes(row.key.text), row.offset, attention, expires, bytes(row.mark.text),
            row.value.map { Data($0) },
        ])
    }
}

// MARK: - Partitions

extension JournalDatabase {
    /// The reading of a partition that is in the file, and how far it came.
    func stored(_ partition: Int32) throws -> (reading: Int64, checkpoint: JournalCheckpoint)? {
        try writer.unsafeRead { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT reading, position, epoch, owner, last FROM partition WHERE number = ?",
                arguments: [partition])
            guard let row else { return nil }
            let checkpoint = JournalCheckpoint(
                position: try row.decode(Int64.self, atIndex: 1), epoch: try row.decode(Int64.self, atIndex: 2),
                ownerID: try Self.text(row, 3), lastRecord: try Self.text(row, 4))
            return (try row.decode(Int64.self, atIndex: 0), checkpoint)
        }
    }

    /// The highest number of a reading that was ever in the file; 0 when there was none.
    func lastReading() throws -> Int64 {
        try writer.unsafeRead { database in
            try Int64.fetchOne(
                database,
                sql: """
                    SELECT coalesce(max(reading), 0)
                    FROM (SELECT reading FROM partition UNION ALL SELECT reading FROM abandoned)
                    """) ?? 0
        }
    }

    /// Stores rows and the checkpoint that they lead to, all or nothing.
    func store(
        _ rows: [JournalKey: JournalRow?], _ checkpoint: JournalCheckpoint, reading: Int64, partition: Int32
    ) throws {
        // In the order of the log, so that they lie side by side in the table.
        let sorted = rows.values.compactMap { $0 }.sorted { $0.offset < $1.offset }
        for row in sorted { filter.add(row.key, reading: reading) }
        try writer.write { database in
            for row in sorted { try Self.put(row, reading: reading, in: database) }
            let deletion = try database.cachedStatement(sql: "DELETE FROM entry WHERE reading = ? AND key = ?")
            for (key, row) in rows where row == nil {
                try deletion.execute(arguments: [reading, Self.bytes(key.text)])
            }
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO partition (number, reading, position, epoch, owner, last) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (number) DO UPDATE SET reading = excluded.reading, position = excluded.position,
                    epoch = excluded.epoch, owner = excluded.owner, last = excluded.last
                    """)
            try statement.execute(arguments: [
                partition, reading, checkpoint.position, checkpoint.epoch, Self.bytes(checkpoint.ownerID),
                Self.bytes(checkpoint.lastRecord),
            ])
            try Self.removeAbandoned(in: database)
        }
    }

    /// Forgets a partition.
    func abandon(_ partition: Int32) throws {
        try writer.write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO abandoned SELECT reading FROM partition WHERE number = ?",
                arguments: [partition])
            try database.execute(sql: "DELETE FROM partition WHERE number = ?", arguments: [partition])
        }
    }

    private static func removeAbandoned(in database: Database) throws {
        let search = try database.cachedStatement(sql: "SELECT reading FROM abandoned LIMIT 1")
        guard let reading = try Int64.fetchOne(search) else { return }
        try database.execute(
            sql: "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE reading = ? LIMIT ?)",
            arguments: [reading, abandonedRowsMax])
        if database.changesCount < abandonedRowsMax {
            try database.execute(sql: "DELETE FROM abandoned WHERE reading = ?", arguments: [reading])
        }
    }
}
