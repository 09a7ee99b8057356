import Testing

@testable import Shared

@Suite struct ItalianDayTests {
    @Test(arguments: [
        ("31/12/2026", Int64(1_798_757_999)), ("28/03/2026", 1_774_738_799), ("29/03/2026", 1_774_821_599),
        ("24/10/2026", 1_792_879_199), ("25/10/2026", 1_792_969_199), ("28/03/2027", 1_806_271_199),
        ("29/02/2028", 1_835_477_999), ("31/10/2027", 1_825_023_599),
    ])
    func aDayEndsByTheTimeThatHoldsInItalyThen(text: String, expected: Int64) throws {
        #expect(try #require(CalendarDay(dayMonthYear: text)).lastSecondInItaly == expected)
    }

    @Test(arguments: [
        ("0001-01-01", Int64(-719_162)), ("1970-01-01", 0), ("2000-02-29", 11_016), ("9999-12-31", 2_932_896),
    ])
    func daysAreCountedFromTheEpoch(text: String, expected: Int64) throws {
        #expect(try #require(CalendarDay(yearMonthDay: text)).daysSinceEpoch == expected)
    }
}
