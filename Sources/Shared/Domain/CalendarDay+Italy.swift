extension CalendarDay {
    /// Unix seconds of 23:59:59 of this day in Italy.
    ///
    /// The rule of the European Union is computed here, so that the answer does not depend on the time zones that a
    /// machine happens to have: summer time from the last Sunday of March to the last Sunday of October, 01:00 UTC.
    /// At the end of a day of change the new time holds already.
    public var lastSecondInItaly: Int64 {
        let isSummer = isAtLeast(lastSundayOf: 3) && !isAtLeast(lastSundayOf: 10)
        let endOfDayInUTC = (daysSinceEpoch + 1) * 86_400 - 1
        return endOfDayInUTC - (isSummer ? 7200 : 3600)
    }

    /// Days from 1970-01-01, negative before; a year is counted from March, so that the leap day is its last.
    var daysSinceEpoch: Int64 { Self.daysSinceEpoch(year: year, month: month, day: day) }

    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear % 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    /// Whether this day is the last Sunday of a month of 31 days, or later in the year.
    private func isAtLeast(lastSundayOf otherMonth: Int) -> Bool {
        let last = Self.daysSinceEpoch(year: year, month: otherMonth, day: 31)
        // 1970-01-01 was a Thursday, so a Sunday is a day whose number leaves 3 when divided by 7.
        let daysAfterSunday = ((last - 3) % 7 + 7) % 7
        return daysSinceEpoch >= last - daysAfterSunday
    }
}
