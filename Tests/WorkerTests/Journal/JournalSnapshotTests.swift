import Foundation
import Shared
import Testing

@testable import Worker

/// What is kept of an index is used only when it is whole and of this log.
struct JournalSnapshotTests {
    private static let name = "pgm.journal.scripted"

    /// A folder for one test.
    struct Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)").path

        func remove() { try? FileManager.default.removeItem(atPath: path) }

        func store(_ name: String = JournalSnapshotTests.name) throws -> JournalSnapshotStore {
            try JournalSnapshotStore(directory: path, name: name)
        }
    }

    /// A log with something of everything that is kept.
    private static func log() -> JournalLog {
        var log = JournalLog.owned(epoch: 3)
        let claims = (1...3).map { JournalClaim(bits: $0) }
        for number in Int64(1)...40 {
            let mark = JournalMark(sealingKeyID: "k\(number % 2)", claims: number < 4 ? [claims[Int(number) - 1]] : [])
            _ = log.read(.entry("order-\(number)", .epoch(3), at: number, mark, time: number))
        }
        _ = log.read(.entry("open", .epoch(3, 2), at: 41, .attempted("7", group: "g")))
        _ = log.read(.entry("open-2", .epoch(3, 2), at: 42, .attempted("8", group: "g")))
        _ = log.read(.entry("late", .epoch(3, 2), at: 43))
        _ = log.read(.entry("late", .epoch(2), at: 44, .settled()))
        log.expire(before: 2)
        return log
    }

    private static func save(
        _ log: JournalLog, _ store: JournalSnapshotStore, _ partition: Int32 = 0, name: String? = nil,
        _ between: (Int) -> Void = { _ in }
    ) throws {
        let content = JournalSnapshot.Content(
            log, log: name ?? store.logName(partition), secret: store.secretName)
        try store.save(content, of: partition) { shard in
            between(shard)
            return log.entries.copy(ofShard: shard)
        }
    }

    private static func load(_ store: JournalSnapshotStore, _ partition: Int32 = 0) -> JournalLog? {
        store.load(partition).map { JournalLog($0) }
    }

    private static func expectSame(_ found: JournalLog, _ log: JournalLog) {
        #expect(found.position == log.position)
        #expect(found.writer == log.writer)
        #expect(found.owner?.offset == log.owner?.offset)
        #expect(found.owner?.id == log.owner?.id)
        #expect(found.last?.offset == log.last?.offset)
        #expect(found.last?.id == log.last?.id)
        #expect(found.open == log.open)
        #expect(found.late == log.late)
        #expect(found.groups == log.groups)
        #expect(found.sealingKeys == log.sealingKeys)
        #expect(found.claims.recent == log.claims.recent)
        #expect(found.claims.earlier == log.claims.earlier)
        #expect(found.claims.begunAtMilliseconds == log.claims.begunAtMilliseconds)
        #expect(found.entries.first == log.entries.first)
        #expect(found.entries.count == log.entries.count)
        for name in (1...60).map({ "order-\($0)" }) + ["open", "open-2", "late"] {
            #expect(found.places(name) == log.places(name))
        }
    }

    @Test func whatIsKeptIsReadBack() throws {
        let folder = Folder()
        defer { folder.remove() }
        let store = try folder.store()
        #expect(store.load(0) == nil)
        let log = Self.log()
        try Self.save(log, store)
        try Self.save(JournalLog(), store, 1)
        Self.expectSame(try #require(Self.load(store)), log)
        #expect(try #require(Self.load(store)).takesChanges() == [.of("open"), .of("open-2"), .of("late")])
        Self.expectSame(try #require(Self.load(store, 1)), JournalLog())
        // The next one takes its place.
        var later = try #require(Self.load(store))
        _ = later.read(.entry("order-50", .epoch(4), at: 50))
        try Self.save(later, store)
        Self.expectSame(try #require(Self.load(store)), later)
    }

    @Test func whatIsReadWhileTheTableIsCopiedIsReadAgainAfterwards() throws {
        let folder = Folder()
        defer { folder.remove() }
        let store = try folder.store()
        var log = Self.log()
        let further = (45...300).map { JournalReading.entry("order-\($0 % 60)", .epoch(4), at: $0, .settled()) }
        // The table is one and the same, whatever is read meanwhile.
        var ahead = log
        try Self.save(log, store) { shard in
            for reading in further[(shard * 16)..<(shard * 16 + 16)] { _ = ahead.read(reading) }
        }
        var found = try #require(Self.load(store))
        #expect(found.position == 45)
        for reading in further {
            _ = found.read(reading)
            _ = log.read(reading)
        }
        Self.expectSame(found, log)
    }

    // MARK: - What is not used

    @Test func aFileWithADamagedByteAnywhereIsNotUsed() throws {
        let folder = Folder()
        defer { folder.remove() }
        let store = try folder.store()
        try Self.save(Self.log(), store)
        let url = URL(filePath: store.path(of: 0))
        let whole = try Data(contentsOf: url)
        let line = try #require(whole[32...].firstIndex(of: UInt8(ascii: "\n")))
        // Between the line and what follows it is nothing.
        let body = 1 << 20
        for place in Array(stride(from: 0, through: line, by: 7)) + Array(stride(from: body, to: whole.count, by: 31)) {
            var damaged = whole
            damaged[place] ^= 0x10
            try damaged.write(to: url)
            #expect(store.load(0) == nil, "\(place)")
        }
        try whole.write(to: url)
        #expect(store.load(0) != nil)
    }

    @Test func aFileThatWasCutIsNotUsed() throws {
        let folder = Folder()
        defer { folder.remove() }
        let store = try folder.store()
        try Self.save(Self.log(), store)
        let url = URL(filePath: store.path(of: 0))
        let whole = try Data(contentsOf: url)
        for count in [0, 1, 31, 32, 200, 1 << 20, (1 << 20) + 24, whole.count - 1] {
            try whole.prefix(count).write(to: url)
            #expect(store.load(0) == nil, "\(count)")
        }
    }

    @Test func aFileOfAnotherSecretIsNotUsed() throws {
        let (folder, other) = (Folder(), Folder())
        defer { for folder in [folder, other] { folder.remove() } }
        let (store, stranger) = (try folder.store(), try other.store())
        #expect(store.hash.secret != stranger.hash.secret)
        try Self.save(Self.log(), stranger)
        try FileManager.default.copyItem(atPath: stranger.path(of: 0), toPath: store.path(of: 0))
        #expect(store.load(0) == nil)
    }

    @Test func aFileOfAnotherLogIsNotUsed() throws {
        let folder = Folder()
        defer { folder.remove() }
        let store = try folder.store()
        try Self.save(Self.log(), store, 1)
        try FileManager.default.copyItem(atPath: store.path(of: 1), toPath: store.path(of: 0))
        #expect(store.load(0) == nil)
        #expect(store.load(1) != nil)
        try Self.save(Self.log(), store, name: "other/0")
        #expect(store.load(0) == nil)
    }

    @Test func aCopyThatIsGivenUpLeavesTheFileBefore() throws {
        struct Overtaken: Error {}
        let folder = Folder()
        defer { folder.remove() }
        let store = try folder.store()
        try Self.save(Self.log(), store)
        let content = JournalSnapshot.Content(JournalLog(), log: store.logName(0), secret: store.secretName)
        #expect(throws: Overtaken.self) {
            try store.save(content, of: 0) { shard in
                if shard == 5 { throw Overtaken() }
                return JournalLog().entries.copy(ofShard: shard)
            }
        }
        Self.expectSame(try #require(Self.load(store)), Self.log())
    }

    // MARK: - Places in a directory

    @Test func aProcessThatStartsAgainGetsItsOwnFilesAndOneBesideItOthers() throws {
        let folder = Folder()
        defer { folder.remove() }
        var first: JournalSnapshotStore? = try folder.store()
        let path = try #require(first).path(of: 0)
        let second = try folder.store()
        #expect(second.path(of: 0) != path)
        try Self.save(Self.log(), try #require(first))
        let secret = try #require(first).hash.secret
        first = nil
        let again = try folder.store()
        #expect(again.path(of: 0) == path)
        #expect(again.hash.secret == secret)
        #expect(again.load(0) != nil)
    }

    @Test func journalsOfOneDirectoryDoNotMeet() throws {
        let folder = Folder()
        defer { folder.remove() }
        let (one, other) = (try folder.store("a"), try folder.store("b"))
        try Self.save(Self.log(), one)
        #expect(other.load(0) == nil)
    }

    @Test func whereNothingCanBeWrittenNothingIsKept() throws {
        let folder = Folder()
        defer { folder.remove() }
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let file = folder.path + "/file"
        #expect(FileManager.default.createFile(atPath: file, contents: nil))
        #expect(throws: JournalDirectoryError.directoryNotUsable) {
            try JournalSnapshotStore(directory: file, name: "a")
        }
    }
}

extension JournalLog {
    /// What counts as changed just after it was made.
    fileprivate func takesChanges() -> Set<JournalEntryHash> {
        var log = self
        return Set(log.takeChanged())
    }
}
