import Shared
import Testing

@testable import Worker

/// Whatever was compacted before a reader read it, it comes to the same.
struct JournalCompactionTests {
    /// A record with its Kafka key.
    private struct Stored {
        var key: String
        var reading: JournalReading
        var record: JournalStoredRecord?
    }

    private static let names = (0..<8).map { "order-\($0)" }

    /// What writers put into a log, of whom some have lost the partition and do not know it.
    private static func log(count: Int, using generator: inout SeededGenerator) -> [Stored] {
        var stored: [Stored] = []
        var writers: [(writer: JournalWriter, known: [Int: Int64])] = []
        for offset in 0..<Int64(count) {
            if writers.isEmpty || Int.random(in: 0..<25, using: &generator) == 0 {
                let epoch = (writers.last?.writer.epoch ?? 0) + 1
                let known = Dictionary(uniqueKeysWithValues: names.indices.map { ($0, offset + 1) })
                writers.append((JournalWriter(epoch: epoch, generation: Int(epoch) / 3), known))
                let reading = JournalReading.owner("o\(offset)", epoch: epoch, at: offset)
                stored.append(Stored(key: "o@\(epoch).o\(offset)", reading: reading))
                continue
            }
            // The current one mostly, and at times one of the last four.
            let back = Bool.random(using: &generator) ? 0 : Int.random(in: 0..<4, using: &generator)
            let index = max(0, writers.count - 1 - back)
            let entry = names.indices.randomElement(using: &generator) ?? 0
            let seen = writers[index].known[entry] ?? 0
            let latest = index == writers.count - 1 ? max(seen, offset) : seen
            let known = Int64.random(in: seen...latest, using: &generator)
            writers[index].known[entry] = known
            let stages: [JournalMark] = [.attempted("\(offset)", known: known), .settled("\(offset)", known: known)]
            let mark = stages.randomElement(using: &generator) ?? JournalMark(known: known)
            let writer = writers[index].writer
            stored.append(
                Stored(
                    key: "\(names[entry])@\(writer)", reading: .entry(names[entry], writer, at: offset, mark),
                    record: .sample(names[entry], writer, at: offset, mark)))
        }
        return stored
    }

    private static func compacted(_ stored: [Stored]) -> [Stored] {
        let last = Dictionary(stored.map { ($0.key, $0.reading.offset) }) { $1 }
        return stored.filter { last[$0.key] == $0.reading.offset }
    }

    /// A log after some of it was compacted, from time to time, while it grew.
    private static func compactedAtTimes(_ stored: [Stored], using generator: inout SeededGenerator) -> [Stored] {
        var left: [Stored] = []
        for record in stored {
            left.append(record)
            if Int.random(in: 0..<20, using: &generator) == 0 {
                // The newest part is not touched.
                let tail = Int.random(in: 0...left.count, using: &generator)
                left = compacted(Array(left.dropLast(tail))) + left.suffix(tail)
            }
        }
        return left
    }

    private static func read(_ stored: [Stored]) -> JournalLog {
        var log = JournalLog()
        for record in stored { _ = log.read(record.reading) }
        return log
    }

    /// State and facts of an entry, as they are loaded from what there is.
    private static func load(_ name: String, _ log: JournalLog, _ stored: [Stored]) -> JournalEntry {
        let records = Dictionary(uniqueKeysWithValues: stored.map { ($0.reading.offset, $0.record) })
        var entry = JournalEntry(known: log.position)
        entry.choose(from: log.places(name).compactMap { records[$0] ?? nil })
        return entry
    }

    @Test(arguments: UInt64(1)...60)
    func aReaderComesToTheSameWhateverWasCompacted(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let stored = Self.log(count: Int.random(in: 20...400, using: &generator), using: &generator)
        let straight = Self.read(stored)
        var lateCount = 0
        for _ in 0..<4 {
            let partly = Self.compactedAtTimes(stored, using: &generator)
            for left in [partly, Self.compacted(partly)] {
                let other = Self.read(left)
                #expect(other.writer == straight.writer)
                #expect(other.owner?.offset == straight.owner?.offset)
                for name in Self.names {
                    let (expected, found) = (Self.load(name, straight, stored), Self.load(name, other, left))
                    #expect(found.state == expected.state, "\(name)")
                    #expect(
                        found.facts.filter { fact in left.contains { $0.reading.offset == fact.offset } }
                            == expected.facts.filter { fact in left.contains { $0.reading.offset == fact.offset } },
                        "\(name)")
                    // Whatever is to be cleared up is found by every reader.
                    #expect((other.openEntry(name) == nil) == (straight.openEntry(name) == nil), "\(name)")
                    lateCount += other.late[.of(name)]?.count ?? 0
                }
            }
        }
        if stored.count > 100 { #expect(lateCount > 0) }
    }

    @Test func aReaderThatWasThereBeforeTheCompactionReadsTheStateAllTheSame() {
        var log = JournalLog.owned(epoch: 1)
        _ = log.read(.entry("x", .epoch(1), at: 1, .attempted()))
        _ = log.read(.owner("b", epoch: 2, at: 2))
        _ = log.read(.entry("x", .epoch(1), at: 3, .settled()))
        // Compaction has removed the first of the two places.
        var entry = JournalEntry(known: 4)
        entry.choose(from: [.sample("x", .epoch(1), at: 3, .settled())])
        #expect(log.places("x") == [1, 3])
        #expect(entry.state?.offset == 3)
    }
}
