import Shared
import Testing

@Suite struct WallClockTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (-1000, "1969-12-31T23:59:59.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func instantsAreWrittenInUTCWithMilliseconds(milliseconds: Int64, text: String) {
        #expect(WallClock.rfc3339(unixMilliseconds: milliseconds) == text)
    }

    @Test func noMillisecondIsLostToRounding() {
        let wrong = (Int64(0)..<1000).filter { millisecond in
            let digits = String(String(1000 + millisecond).dropFirst())
            let text = WallClock.rfc3339(unixMilliseconds: 1_790_000_000_000 + millisecond)
            return text != "2026-09-21T14:13:20.\(digits)Z"
        }
        #expect(wrong == [])
    }

    @Test func aClockAnswersInBothUnits() {
        let clock = WallClock { 1_790_000_000_999 }
        #expect(clock.unixMilliseconds == 1_790_000_000_999)
        #expect(clock.unixSeconds == 1_790_000_000)
        #expect(WallClock.system.unixSeconds > 1_750_000_000)
    }
}
