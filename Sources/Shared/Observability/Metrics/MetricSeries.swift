import Metrics
import Synchronization

/// One series of a metric, as it is written out.
protocol MetricSeries: AnyObject, Sendable {
    /// The value or values at this moment.
    var sample: MetricSample { get }
}

/// Value of a series at one moment.
enum MetricSample: Sendable, Hashable {
    /// Of a counter that counts whole things.
    case integer(Int64)
    /// Of a gauge.
    case number(Double)
    /// Of a histogram: how many in each bucket (not added up, the last one without an upper bound), and their sum.
    case distribution(buckets: [UInt64], sum: Double)
}

/// A counter: one atomic addition for each event.
final class CounterSeries: CounterHandler, MetricSeries {
    private let value = Atomic<Int64>(0)

    var sample: MetricSample { .integer(value.load(ordering: .relaxed)) }

    func increment(by amount: Int64) {
        // A counter that went down would read as a restart.
        guard amount > 0 else { return }
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() { value.store(0, ordering: .relaxed) }
}

/// A value that rises and falls.
final class GaugeSeries: MeterHandler, RecorderHandler, MetricSeries {
    private let value = Mutex<Double>(0)

    var sample: MetricSample { .number(value.withLock { $0 }) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by difference: Double) { value.withLock { $0 += difference } }
    func decrement(by difference: Double) { value.withLock { $0 -= difference } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// A value that is asked for when it is written out.
final class ObservedSeries: MetricSeries {
    private let read: @Sendable () -> Double

    init(_ read: @escaping @Sendable () -> Double) { self.read = read }

    var sample: MetricSample { .number(read()) }
}

/// A distribution over fixed buckets: one lock and no allocation for each event.
final class HistogramSeries: TimerHandler, RecorderHandler, MetricSeries {
    /// Upper bounds of the buckets, in seconds: from a cheap local answer to the longest request timeout.
    static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    private struct State {
        var buckets = [UInt64](repeating: 0, count: HistogramSeries.bounds.count + 1)
        var sum = 0.0
    }

    private let state = Mutex(State())

    var sample: MetricSample { state.withLock { .distribution(buckets: $0.buckets, sum: $0.sum) } }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let index = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.buckets[index] &+= 1
            state.sum += value
        }
    }
}
