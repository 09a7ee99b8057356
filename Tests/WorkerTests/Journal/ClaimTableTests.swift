import Shared
import Testing

@testable import Worker

struct ClaimTableTests {
    private static let day = ClaimTable.lifeMilliseconds
    private static func claim(_ number: UInt64) -> JournalClaim { JournalClaim(bits: number) }

    @Test func theLastEntryOfAKeyCounts() {
        var table = ClaimTable()
        table.note([Self.claim(1), Self.claim(2)], .of("x"), atMilliseconds: 5)
        table.note([Self.claim(2)], .of("y"), atMilliseconds: 6)
        #expect(table.entry(of: Self.claim(1)) == .of("x"))
        #expect(table.entry(of: Self.claim(2)) == .of("y"))
        #expect(table.entry(of: Self.claim(3)) == nil)
        #expect(table.count == 2)
    }

    @Test func aKeyIsKeptADayAtLeastAndTwoAtMost() {
        var table = ClaimTable()
        let begin: Int64 = 1_700_000_000_000
        table.note([Self.claim(1)], .of("x"), atMilliseconds: begin)
        table.note([Self.claim(2)], .of("y"), atMilliseconds: begin + Self.day)
        table.note([Self.claim(3)], .of("z"), atMilliseconds: begin + Self.day + 1)
        #expect(table.entry(of: Self.claim(1)) == .of("x"))
        #expect(table.entry(of: Self.claim(2)) == .of("y"))
        table.note([Self.claim(4)], .of("z"), atMilliseconds: begin + 2 * Self.day + 2)
        #expect(table.entry(of: Self.claim(1)) == nil)
        #expect(table.entry(of: Self.claim(2)) == nil)
        #expect(table.entry(of: Self.claim(3)) == .of("z"))
    }

    @Test func afterALongQuietTimeNothingIsLeft() {
        var table = ClaimTable()
        table.note([Self.claim(1)], .of("x"), atMilliseconds: 10 * Self.day)
        table.note([Self.claim(2)], .of("x"), atMilliseconds: 13 * Self.day)
        #expect(table.entry(of: Self.claim(1)) == nil)
        #expect(table.count == 1)
    }

    @Test func aRecordWithoutKeysOrOfAnEarlierTimeEndsNoDay() {
        var table = ClaimTable()
        table.note([Self.claim(1)], .of("x"), atMilliseconds: 10 * Self.day)
        table.note([], .of("x"), atMilliseconds: 20 * Self.day)
        table.note([Self.claim(2)], .of("x"), atMilliseconds: 1)
        #expect(table.entry(of: Self.claim(1)) == .of("x"))
        #expect(table.begunAtMilliseconds == 10 * Self.day)
    }
}
