import Foundation

/// Whole seconds since 1970, the form of time on many wires.
enum UnixTime {
    /// The seconds of a date, rounded down.
    static func seconds(_ date: Date) -> Int {
        Int(exactly: date.timeIntervalSince1970.rounded(.down)) ?? 0
    }
}

extension UnixTime {
    /// The date of these seconds.
    static func date(_ seconds: Int) -> Date {
        Date(timeIntervalSince1970: TimeInterval(seconds))
    }
}
