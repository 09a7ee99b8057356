import Shared
import Testing

@testable import Worker

struct JournalEntryTests {
    private static func chosen(_ records: [JournalStoredRecord]) -> JournalEntry {
        var entry = JournalEntry(known: 0)
        entry.choose(from: records)
        return entry
    }

    @Test func nothingIsKnownOfNoRecords() {
        #expect(Self.chosen([]).state == nil)
    }

    @Test func theStateIsTheLastRecordOfTheHighestWriterInWhateverOrder() {
        let records: [JournalStoredRecord] = [
            .sample("x", .epoch(1), at: 1), .sample("x", .epoch(2), at: 3), .sample("x", .epoch(2, 1), at: 2),
            .sample("x", .epoch(1), at: 9),
        ]
        #expect(Self.chosen(records).state?.offset == 2)
        #expect(Self.chosen(records.reversed()).state?.offset == 2)
        #expect(Self.chosen([records[0], records[3]]).state?.offset == 9)
    }

    @Test func factsAreWhatTheStatesWriterHadNotRead() {
        let entry = Self.chosen([
            .sample("x", .epoch(1), at: 8, .settled()), .sample("x", .epoch(1), at: 6, .settled()),
            .sample("x", .epoch(2), at: 7, .settled()), .sample("x", .epoch(1), at: 5, .settled()),
            .sample("x", .epoch(1), at: 9, .attempted()), .sample("x", .epoch(3), at: 7, .attempted(known: 6)),
        ])
        #expect(entry.state?.key.writer == .epoch(3))
        #expect(entry.facts.map(\.offset) == [6, 7, 8])
    }

    @Test func recordsOfTheStatesOwnWriterAreNoFactsBesideIt() {
        let entry = Self.chosen([
            .sample("x", .epoch(2), at: 1, .settled()), .sample("x", .epoch(2), at: 2, .settled()),
        ])
        #expect(entry.facts.isEmpty)
    }
}
