import Metrics
import Synchronization

/// Counters of one metric, each made once: the hot path looks one up and adds, and makes no labels.
public final class CounterFamily<Key: Hashable & Sendable>: Sendable {
    private let cache: SeriesCache<Key, Counter>

    /// - Parameter dimensions: Names and values of a key; asked once for each key.
    public init(_ name: String, _ dimensions: @escaping @Sendable (Key) -> [(String, String)]) {
        cache = SeriesCache { Counter(label: name, dimensions: dimensions($0)) }
    }

    /// Adds to the counter of a key.
    public func increment(_ key: Key, by amount: Int64 = 1) {
        cache[key].increment(by: amount)
    }
}

/// Histograms of durations of one metric, each made once.
public final class TimerFamily<Key: Hashable & Sendable>: Sendable {
    private let cache: SeriesCache<Key, Timer>

    /// - Parameter dimensions: Names and values of a key; asked once for each key.
    public init(_ name: String, _ dimensions: @escaping @Sendable (Key) -> [(String, String)]) {
        cache = SeriesCache { Timer(label: name, dimensions: dimensions($0)) }
    }

    /// Adds a duration to the histogram of a key.
    public func record(_ key: Key, _ duration: Duration) {
        cache[key].recordNanoseconds(duration.clampedNanoseconds)
    }
}

/// Gauges of one metric, each made once.
public final class GaugeFamily<Key: Hashable & Sendable>: Sendable {
    private let cache: SeriesCache<Key, Meter>

    /// - Parameter dimensions: Names and values of a key; asked once for each key.
    public init(_ name: String, _ dimensions: @escaping @Sendable (Key) -> [(String, String)]) {
        cache = SeriesCache { Meter(label: name, dimensions: dimensions($0)) }
    }

    /// Sets the gauge of a key.
    public func set(_ key: Key, _ value: Double) {
        cache[key].set(value)
    }
}

/// What was made for each key, up to a limit; beyond it everything is made anew, and the registry refuses it.
private final class SeriesCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let values = Mutex<[Key: Value]>([:])
    private let make: @Sendable (Key) -> Value

    init(_ make: @escaping @Sendable (Key) -> Value) { self.make = make }

    subscript(key: Key) -> Value {
        if let known = values.withLock({ $0[key] }) { return known }
        let made = make(key)
        return values.withLock { values in
            if let known = values[key] { return known }
            if values.count < MetricRegistry.seriesPerMetricMax { values[key] = made }
            return made
        }
    }
}

extension Duration {
    /// Whole nanoseconds, at most what 64 bits hold; zero for a negative duration.
    public var clampedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 9_000_000_000 else { return .max }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
