import Shared
import Testing

@testable import Worker

/// Tells whether an object is still there.
private final class WeakReference {
    private(set) weak var object: AnyObject?

    init(_ object: AnyObject?) { self.object = object }
}

/// Does the same to an index and to one in memory, and compares what they say.
struct JournalIndexSimulation {
    static let partitions: ClosedRange<Int32> = 0...2

    var index: any JournalIndex
    private var model = MemoryJournalIndex()
    private var generator: SeededGenerator
    private var offset: Int64 = 0

    init(seed: UInt64, index: any JournalIndex) {
        self.index = index
        generator = SeededGenerator(seed: seed)
    }

    /// One random operation.
    mutating func step(reopen: () throws -> any JournalIndex) async throws {
        let partition = Int32.random(in: Self.partitions, using: &generator)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<9: try store(partition)
        case 9..<14: try await compare(key(), partition)
        case 14: try compareLists(partition)
        case 15: try compareExpired(partition)
        case 16: #expect(try index.checkpoint(of: partition) == model.checkpoint(of: partition))
        case 17:
            guard Int.random(in: 0..<4, using: &generator) == 0 else { return }
            try index.reset(partition)
            model.reset(partition)
        case 18:
            let old = WeakReference(index as? SQLiteJournalIndex)
            index = model
            // A lookup holds it for a moment after its answer.
            for _ in 0..<1_000_000 where old.object != nil { await Task.yield() }
            #expect(old.object == nil)
            index = try reopen()
            for partition in Self.partitions {
                #expect(try index.checkpoint(of: partition) == model.checkpoint(of: partition))
            }
        default:
            for number in 0..<60 { try await compare(Self.key(number), partition) }
        }
    }

    private mutating func store(_ partition: Int32) throws {
        var rows: [JournalKey: JournalRow?] = [:]
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            let key = key()
            offset += Int64.random(in: 1...3, using: &generator)
            rows[key] = .some(Int.random(in: 0..<4, using: &generator) == 0 ? nil : row(key))
        }
        let checkpoint = JournalCheckpoint(
            position: offset + 1, epoch: Int64.random(in: 0...5, using: &generator), ownerID: "o\(offset)",
            lastRecord: "l\(offset)")
        try index.store(rows, checkpoint, of: partition)
        model.store(rows, checkpoint, of: partition)
    }

    private mutating func row(_ key: JournalKey) -> JournalRow {
        var mark = JournalMark(
            epoch: Int64.random(in: 1...5, using: &generator),
            stage: [.attempted, .unknown, .settled, JournalMark.Stage.none].randomElement(using: &generator) ?? .none,
            attemptID: Bool.random(using: &generator) ? "a\(offset)" : "",
            group: Bool.random(using: &generator) ? "g\(offset)" : "", isOpen: Bool.random(using: &generator),
            expiresAtMilliseconds: Bool.random(using: &generator) ? Int64.random(in: 0...100, using: &generator) : nil)
        if Bool.random(using: &generator) { mark.repeats = offset - 1 }
        let isGhost = Int.random(in: 0..<8, using: &generator) == 0
        let length = Int.random(in: 0...6000, using: &generator)
        return JournalRow(
            key: key, mark: mark, value: isGhost ? nil : [UInt8](repeating: UInt8(length % 256), count: length),
            offset: offset, needsRepair: isGhost || Int.random(in: 0..<5, using: &generator) == 0)
    }

    private mutating func key() -> JournalKey { Self.key(Int.random(in: 0..<60, using: &generator)) }

    private static func key(_ number: Int) -> JournalKey {
        number.isMultiple(of: 2) ? .payment("\(number)") : .claim("\(number)")
    }

    private func compare(_ key: JournalKey, _ partition: Int32) async throws {
        let expected = model.storedRow(key, of: partition)
        #expect(try await index.row(key, of: partition) == expected)
        #expect(try index.storedRow(key, of: partition) == expected)
    }

    private func compareLists(_ partition: Int32) throws {
        #expect(try index.attentionRows(of: partition) == model.attentionRows(of: partition))
    }

    private mutating func compareExpired(_ partition: Int32) throws {
        let now = Int64.random(in: 0...101, using: &generator)
        let all = Set(model.expiredKeys(of: partition, atMilliseconds: now, limit: .max))
        #expect(Set(try index.expiredKeys(of: partition, atMilliseconds: now, limit: .max)) == all)
        // Which ones, within a limit, is up to the index.
        let some = try index.expiredKeys(of: partition, atMilliseconds: now, limit: 3)
        #expect(some.count == min(3, all.count))
        #expect(all.isSuperset(of: some))
    }
}
