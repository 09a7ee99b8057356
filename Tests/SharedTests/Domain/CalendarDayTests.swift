import Shared
import Testing

@Suite struct CalendarDayTests {
    @Test(arguments: [
        ("2026-12-31", 2026, 12, 31), ("2024-02-29", 2024, 2, 29), ("2000-02-29", 2000, 2, 29), ("0001-01-01", 1, 1, 1),
        ("9999-04-30", 9999, 4, 30),
    ])
    func existingDaysAreReadInBothNotations(text: String, year: Int, month: Int, day: Int) throws {
        let parts = text.split(separator: "-")
        let first = try #require(CalendarDay(yearMonthDay: text))
        #expect((first.year, first.month, first.day) == (year, month, day))
        #expect(CalendarDay(dayMonthYear: "\(parts[2])/\(parts[1])/\(parts[0])") == first)
    }

    @Test(arguments: [
        "2023-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32", "0000-01-01",
    ])
    func daysThatDoNotExistAreRefused(text: String) {
        let parts = text.split(separator: "-")
        #expect(CalendarDay(yearMonthDay: text) == nil)
        #expect(CalendarDay(dayMonthYear: "\(parts[2])/\(parts[1])/\(parts[0])") == nil)
    }

    @Test(arguments: [
        "", "2026-1-1", "2026/01/01", "2026-01-01 ", "20260101", "2026-01-0x", "+026-01-01", "２０２６-01-01",
        "2026-01-0\u{0}",
        "----------", "2026--1-01",
    ])
    func otherNotationsAreRefused(text: String) {
        #expect(CalendarDay(yearMonthDay: text) == nil)
    }

    @Test(arguments: ["", "1/1/2026", "01-01-2026", "01/01/26", "2026/01/01", "//////////", "01/01/20261"])
    func otherNotationsWithTheDayFirstAreRefused(text: String) {
        #expect(CalendarDay(dayMonthYear: text) == nil)
    }
}
