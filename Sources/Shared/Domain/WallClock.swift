import Foundation

/// Reads the time of day; injected so that rules about deadlines and signatures can be tested at any instant.
public struct WallClock: Sendable {
    private let read: @Sendable () -> Int64

    /// A clock that answers what the closure answers, in Unix milliseconds.
    public init(_ read: @escaping @Sendable () -> Int64) {
        self.read = read
    }

    /// The machine's clock.
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var unixMilliseconds: Int64 { read() }

    /// Seconds since 1970-01-01T00:00:00Z.
    public var unixSeconds: Int64 { read() / 1000 }

    /// An instant as RFC 3339 in UTC with milliseconds, `2026-11-23T21:29:29.415Z`.
    public static func rfc3339(unixMilliseconds: Int64) -> String {
        // Years 1 to 9999, which is what four digits can say.
        let clamped = min(max(unixMilliseconds, -62_135_596_800_000), 253_402_300_799_999)
        let milliseconds = ((clamped % 86_400_000) + 86_400_000) % 86_400_000
        let days = (clamped - milliseconds) / 86_400_000
        let (year, month, day) = civil(daysSinceEpoch: days)
        let seconds = milliseconds / 1000
        return String(unsafeUninitializedCapacity: 24) { text in
            put(year, 4, "-", text, at: 0)
            put(month, 2, "-", text, at: 5)
            put(day, 2, "T", text, at: 8)
            put(seconds / 3600, 2, ":", text, at: 11)
            put(seconds / 60 % 60, 2, ":", text, at: 14)
            put(seconds % 60, 2, ".", text, at: 17)
            put(milliseconds % 1000, 3, "Z", text, at: 20)
            return 24
        }
    }

    /// Year, month and day of a day counted from 1970-01-01, by the Gregorian rule of 400 years of 146,097 days; a year
    /// is counted from March here, so that the leap day is its last.
    private static func civil(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func put(
        _ number: Int64, _ width: Int, _ end: Unicode.Scalar, _ text: UnsafeMutableBufferPointer<UInt8>,
        at start: Int
    ) {
        var rest = number
        for index in stride(from: start + width - 1, through: start, by: -1) {
            text[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
        }
        text[start + width] = UInt8(ascii: end)
    }
}
