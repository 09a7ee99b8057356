/// A day of the Gregorian calendar, without time or zone.
public struct CalendarDay: Sendable, Hashable {
    /// 1 to 9999.
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31, as many as the month has.
    public let day: Int

    /// Reads `yyyy-MM-dd`; anything else, or a day that does not exist, gives `nil`.
    public init?(yearMonthDay text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
        self.init(year: bytes[0..<4], month: bytes[5..<7], day: bytes[8..<10])
    }

    /// Reads `dd/MM/yyyy`; anything else, or a day that does not exist, gives `nil`.
    public init?(dayMonthYear text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[2] == UInt8(ascii: "/"), bytes[5] == UInt8(ascii: "/") else { return nil }
        self.init(year: bytes[6..<10], month: bytes[3..<5], day: bytes[0..<2])
    }

    private init?(year: ArraySlice<UInt8>, month: ArraySlice<UInt8>, day: ArraySlice<UInt8>) {
        guard let year = Self.number(year), let month = Self.number(month), let day = Self.number(day) else {
            return nil
        }
        guard year >= 1, (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year) else {
            return nil
        }
        self.year = year
        self.month = month
        self.day = day
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        switch month {
        case 2: return isLeap ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }
}
