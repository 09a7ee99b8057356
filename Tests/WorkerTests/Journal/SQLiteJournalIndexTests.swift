import Foundation
import GRDB
import Logging
import Shared
import Testing

@testable import Worker

struct SQLiteJournalIndexTests {
    @Test func whatWasStoredIsThereAfterTheIndexIsOpenedAgain() async throws {
        let directory = try TemporaryDirectory()
        let row = Self.row("a", offset: 4, group: "g", isOpen: true)
        let checkpoint = JournalCheckpoint(position: 5, epoch: 3, ownerID: "owner", lastRecord: "abc")
        do {
            let index = try directory.index()
            #expect(try index.checkpoint(of: 1) == nil)
            try index.store([row.key: row], checkpoint, of: 1)
        }
        let index = try directory.index()
        #expect(try index.checkpoint(of: 1) == checkpoint)
        #expect(try index.checkpoint(of: 2) == nil)
        #expect(try await index.row(row.key, of: 1) == row)
        #expect(try index.storedRow(row.key, of: 1) == row)
        #expect(try await index.row(row.key, of: 2) == nil)
        #expect(try index.attentionRows(of: 1) == [row])
        #expect(try directory.files() == ["test-0.lock", "test-0.sqlite", "test-0.sqlite-shm", "test-0.sqlite-wal"])
    }

    @Test func textsAreKeptAsTheyAreWhateverIsInThem() async throws {
        let directory = try TemporaryDirectory()
        let index = try directory.index()
        #expect(try index.checkpoint(of: 0) == nil)
        let names = ["zero\0one", "zero", "zero\0two", "", "é", "e\u{301}x", "'; DROP TABLE entry; --", "🙂"]
        var rows: [JournalKey: JournalRow?] = [:]
        for (number, name) in names.enumerated() {
            var row = Self.row("n\(number)" + name, offset: Int64(number), attempt: name.replacing(";", with: ","))
            row.value = number == 3 ? [] : Array(name.utf8)
            rows[row.key] = row
        }
        try index.store(rows, JournalCheckpoint(position: 9, epoch: 1, ownerID: "o\0p", lastRecord: "é"), of: 0)
        for (key, row) in rows { #expect(try await index.row(key, of: 0) == row) }
        #expect(try index.checkpoint(of: 0)?.ownerID == "o\0p")
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func behavesLikeTheIndexInMemory(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        var simulation = JournalIndexSimulation(seed: seed, index: try directory.index())
        for partition in JournalIndexSimulation.partitions {
            #expect(try simulation.index.checkpoint(of: partition) == nil)
        }
        for _ in 0..<250 { try await simulation.step(reopen: { try directory.index() }) }
        #expect(try directory.files().filter { $0.hasSuffix(".lock") } == ["test-0.lock"])
    }

    @Test func aResetForgetsOnePartitionAndItsRowsGoWithLaterStores() async throws {
        let directory = try TemporaryDirectory()
        let index = try directory.index()
        for partition in [Int32(0), 1] {
            #expect(try index.checkpoint(of: partition) == nil)
            let rows = (0..<5000).map { Self.row("k\($0)", offset: Int64($0), isOpen: $0 == 0) }
            try index.store(rows.byKey, JournalCheckpoint(position: 5000), of: partition)
        }
        try index.reset(0)
        #expect(try index.checkpoint(of: 0) == nil)
        #expect(try index.attentionRows(of: 0).isEmpty)
        #expect(try await index.row(.payment("k7"), of: 0) == nil)
        #expect(try await index.row(.payment("k7"), of: 1)?.offset == 7)
        let row = Self.row("k7", offset: 70)
        for position in 0..<6 {
            try index.store([row.key: row], JournalCheckpoint(position: Int64(position)), of: 0)
        }
        #expect(try await index.row(.payment("k7"), of: 0) == row)
        #expect(try await index.row(.payment("k8"), of: 0) == nil)
        let file = try DatabaseQueue(path: directory.url.appending(path: "test-0.sqlite").path())
        #expect(try await file.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM entry") } == 5001)
    }

    // MARK: - Crashes

    @Test func rowsAndCheckpointAreStoredTogetherWhereverTheLogOfAFileEnds() async throws {
        let directory = try TemporaryDirectory()
        let index = try directory.index()
        #expect(try index.checkpoint(of: 0) == nil)
        let batches = 20
        for batch in 0..<batches {
            let rows = (0..<5).map { Self.row("\(batch)-\($0)", offset: Int64(batch)) }
            try index.store(rows.byKey, JournalCheckpoint(position: Int64(batch + 1)), of: 0)
        }
        var generator = SeededGenerator(seed: 9)
        var found: Set<Int64> = []
        for _ in 0..<40 {
            let copy = try TemporaryDirectory()
            let log = try Data(contentsOf: directory.url.appending(path: "test-0.sqlite-wal"))
            try Data(contentsOf: directory.url.appending(path: "test-0.sqlite"))
                .write(to: copy.url.appending(path: "test-0.sqlite"))
            try log.prefix(Int.random(in: 0...log.count, using: &generator))
                .write(to: copy.url.appending(path: "test-0.sqlite-wal"))
            let crashed = try copy.index()
            let position = try crashed.checkpoint(of: 0)?.position ?? 0
            found.insert(position)
            for batch in 0..<batches {
                for number in 0..<5 {
                    let row = try crashed.storedRow(.payment("\(batch)-\(number)"), of: 0)
                    #expect((row != nil) == (batch < position))
                }
            }
        }
        #expect(found.count > 5)
    }

    @Test(arguments: [1, 50, 100, 1000, 4096, 20_000, -4096, -100, -1])
    func aFileThatWasCutOffIsBegunAnew(length: Int) async throws {
        let directory = try TemporaryDirectory()
        try Self.fill(directory)
        let url = directory.url.appending(path: "test-0.sqlite")
        let whole = try Data(contentsOf: url)
        try whole.prefix(length > 0 ? length : whole.count + length).write(to: url)
        try await Self.expectBegunAnew(directory)
    }

    @Test func aFileThatIsNoDatabaseIsBegunAnew() async throws {
        for garbage in [Data("not a database, but long enough to have a header: \(Self.filler)".utf8), Data([0])] {
            let directory = try TemporaryDirectory()
            try garbage.write(to: directory.url.appending(path: "test-0.sqlite"))
            try garbage.write(to: directory.url.appending(path: "test-0.sqlite-wal"))
            try await Self.expectBegunAnew(directory)
        }
    }

    @Test func aFileOfAnotherVersionIsBegunAnew() async throws {
        let directory = try TemporaryDirectory()
        try Self.fill(directory)
        let url = directory.url.appending(path: "test-0.sqlite")
        var bytes = try Data(contentsOf: url)
        // Where the format of SQLite's files has `PRAGMA user_version`.
        bytes[63] = 99
        try bytes.write(to: url)
        try await Self.expectBegunAnew(directory)
    }

    @Test func damageFoundWhileReadingLosesEveryPartitionUntilItIsReset() async throws {
        let directory = try TemporaryDirectory()
        try Self.fill(directory)
        let url = directory.url.appending(path: "test-0.sqlite")
        var bytes = try Data(contentsOf: url)
        bytes.replaceSubrange(bytes.count / 2..<bytes.count, with: repeatElement(0xA5, count: bytes.count / 2))
        try bytes.write(to: url)

        let index = try directory.index()
        #expect(try index.checkpoint(of: 0)?.position == 3000)
        #expect(try index.checkpoint(of: 1)?.position == 3000)
        var failure: JournalIndexError?
        for number in 0..<3000 where failure == nil {
            do { _ = try await index.row(.payment("\(number)"), of: 0) } catch { failure = error as? JournalIndexError }
        }
        #expect(failure == .lost)
        #expect(throws: JournalIndexError.lost) { try index.storedRow(.payment("1"), of: 1) }
        #expect(throws: JournalIndexError.lost) { try index.store([:], JournalCheckpoint(position: 1), of: 1) }
        #expect(try !directory.files().contains("test-0.sqlite"))

        try index.reset(0)
        let row = Self.row("new", offset: 1)
        try index.store([row.key: row], JournalCheckpoint(position: 2), of: 0)
        #expect(throws: JournalIndexError.lost) { try index.store([:], JournalCheckpoint(position: 1), of: 1) }
        await #expect(throws: JournalIndexError.lost) { try await index.row(.payment("1"), of: 1) }
        try index.reset(1)
        #expect(try await index.row(.payment("1"), of: 1) == nil)
        #expect(try await index.row(row.key, of: 0) == row)
    }

    @Test func whatWasStoredAfterDamageIsThereAfterTheIndexIsOpenedAgain() async throws {
        let directory = try TemporaryDirectory()
        try Self.fill(directory)
        let url = directory.url.appending(path: "test-0.sqlite")
        var bytes = try Data(contentsOf: url)
        bytes.replaceSubrange(bytes.count / 2..<bytes.count, with: repeatElement(0xA5, count: bytes.count / 2))
        try bytes.write(to: url)
        let row = Self.row("new", offset: 1)
        do {
            let index = try directory.index()
            #expect(try index.checkpoint(of: 0) != nil)
            for number in 0..<3000 { _ = try? index.storedRow(.payment("\(number)"), of: 0) }
            try index.reset(0)
            try index.store([row.key: row], JournalCheckpoint(position: 2), of: 0)
        }
        let index = try directory.index()
        #expect(try index.checkpoint(of: 0)?.position == 2)
        #expect(try index.checkpoint(of: 1) == nil)
        #expect(try await index.row(row.key, of: 0) == row)
    }

    @Test func aPartitionThatWasNotBegunIsNotWritten() async throws {
        let index = try TemporaryDirectory().index()
        #expect(throws: JournalIndexError.lost) { try index.store([:], JournalCheckpoint(position: 1), of: 3) }
        await #expect(throws: JournalIndexError.lost) { try await index.row(.payment("1"), of: 3) }
    }

    // MARK: - Places

    @Test func indexesOfOneDirectoryHaveAFileEachAndAFreedOneIsTakenAgain() throws {
        let directory = try TemporaryDirectory()
        var first: SQLiteJournalIndex? = try directory.index()
        let second = try directory.index()
        let other = try SQLiteJournalIndex(
            directory: directory.url.path(), name: "other", logger: Logger(label: "test"))
        for (index, position) in [(first, Int64(1)), (second, 2), (other, 3)] {
            #expect(try index?.checkpoint(of: 0) == nil)
            try index?.store([:], JournalCheckpoint(position: position), of: 0)
        }
        let databases = ["other-0.sqlite", "test-0.sqlite", "test-1.sqlite"]
        #expect(try directory.files().filter { $0.hasSuffix(".sqlite") } == databases)
        first = nil
        let third = try directory.index()
        #expect(try third.checkpoint(of: 0)?.position == 1)
        #expect(try second.checkpoint(of: 0)?.position == 2)
        #expect(try directory.files().filter { $0.hasSuffix(".sqlite") } == databases)
    }

    @Test func whereNothingCanBeWrittenNoIndexIsMade() throws {
        let directory = try TemporaryDirectory()
        let file = directory.url.appending(path: "file")
        try Data().write(to: file)
        #expect(throws: JournalIndexError.directoryNotUsable) {
            try SQLiteJournalIndex(directory: file.path() + "/below", name: "test", logger: Logger(label: "test"))
        }
    }

    // MARK: - Parts

    private static let filler = String(repeating: "x", count: 5000)

    private static func row(
        _ name: String, offset: Int64, attempt: String = "", group: String = "", isOpen: Bool = false
    ) -> JournalRow {
        JournalRow(
            key: .payment(name),
            mark: JournalMark(
                epoch: 1, stage: isOpen ? .attempted : .settled, attemptID: attempt, group: group, isOpen: isOpen),
            value: Array("value".utf8), offset: offset)
    }

    /// 3,000 rows of 300 bytes in each of two partitions, all in the file.
    private static func fill(_ directory: TemporaryDirectory) throws {
        let index = try directory.index()
        for partition in [Int32(0), 1] {
            #expect(try index.checkpoint(of: partition) == nil)
            let rows = (0..<3000).map { number in
                var row = Self.row("\(number)", offset: Int64(number))
                row.value = [UInt8](repeating: UInt8(number % 256), count: 300)
                return row
            }
            try index.store(rows.byKey, JournalCheckpoint(position: 3000), of: partition)
        }
    }

    private static func expectBegunAnew(_ directory: TemporaryDirectory) async throws {
        let index = try directory.index()
        #expect(try index.checkpoint(of: 0) == nil)
        #expect(try await index.row(.payment("1"), of: 0) == nil)
        let row = Self.row("new", offset: 1)
        try index.store([row.key: row], JournalCheckpoint(position: 2), of: 0)
        #expect(try await index.row(row.key, of: 0) == row)
    }
}

extension [JournalRow] {
    fileprivate var byKey: [JournalKey: JournalRow?] { Dictionary(map { ($0.key, $0) }, uniquingKeysWith: { $1 }) }
}

/// A directory that is deleted with the object.
final class TemporaryDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "pgm-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func index() throws -> SQLiteJournalIndex {
        try SQLiteJournalIndex(directory: url.path(), name: "test", logger: Logger(label: "test"))
    }

    func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: url.path()).sorted() }
}
