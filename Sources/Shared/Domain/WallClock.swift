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

    /// An instant as RFC 3339 in UTC with milliseconds, for message headers.
    public static func rfc3339(unixMilliseconds: Int64) -> String {
        // Whole seconds are exact as floating point; a fraction would be cut one millisecond short.
        let millisecond = ((unixMilliseconds % 1000) + 1000) % 1000
        let second = unixMilliseconds / 1000 - (unixMilliseconds % 1000 < 0 ? 1 : 0)
        let text = Date(timeIntervalSince1970: Double(second)).formatted(Date.ISO8601FormatStyle())
        return text.dropLast() + "." + String(1000 + millisecond).dropFirst() + "Z"
    }
}
