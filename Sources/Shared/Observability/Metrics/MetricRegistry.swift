public import Metrics
import Synchronization

/// The metrics of a process: a backend of swift-metrics that keeps every series in memory until it is asked for them.
///
/// Bounded: at most ``seriesPerMetricMax`` series of one metric and ``seriesMax`` in all. What goes beyond is counted
/// under ``MetricName/seriesDropped`` and otherwise ignored, so that no label can fill the memory.
public final class MetricRegistry: MetricsFactory, Sendable {
    /// Most series of one metric.
    public static let seriesPerMetricMax = 500
    /// Most series in all.
    public static let seriesMax = 5_000

    /// The registry of this process, which ``install()`` makes swift-metrics' backend.
    public static let process = MetricRegistry()

    private struct Family {
        var definition: MetricDefinition
        var series: [String: any MetricSeries] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var count = 0
    }

    private let state = Mutex(State())
    private let dropped = CounterSeries()

    /// Makes an empty registry.
    public init() {}

    private static let installed: Void = MetricsSystem.bootstrap(process)

    /// Makes ``process`` the backend of swift-metrics; more than once does nothing more.
    public static func install() { _ = installed }

    /// A series whose value is asked for at each exposition; replaces one of the same name and dimensions.
    public func observe(
        _ name: String, dimensions: [(String, String)] = [], _ read: @escaping @Sendable () -> Double
    ) {
        let definition = MetricCatalogue.definition(of: name) ?? Self.unlisted(name, .gauge)
        let key = PrometheusText.labels(dimensions)
        state.withLock { state in
            guard Self.hasRoom(for: key, definition, in: state) else {
                dropped.increment(by: 1)
                return
            }
            Self.insert(ObservedSeries(read), key, definition, &state)
        }
    }

    /// Everything, in Prometheus' text format 0.0.4.
    public func exposition() -> [UInt8] {
        let families = state.withLock { state in
            state.families.values.map { ($0.definition, $0.series.map { (labels: $0.key, series: $0.value) }) }
        }
        var text = PrometheusText()
        for (definition, series) in families.sorted(by: { $0.0.exposedName < $1.0.exposedName }) {
            // Values are read outside the lock: an observed one may take locks of its own.
            text.write(definition, series.sorted { $0.labels < $1.labels }.map { ($0.labels, $0.series.sample) })
        }
        if let definition = MetricCatalogue.definition(of: MetricName.seriesDropped) {
            text.write(definition, [("", dropped.sample)])
        }
        return text.bytes
    }

    private func series<Series: MetricSeries>(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricDefinition.Kind, _ make: () -> Series
    ) -> Series? {
        let definition = MetricCatalogue.definition(of: label) ?? Self.unlisted(label, kind)
        guard definition.kind == kind else {
            dropped.increment(by: 1)
            return nil
        }
        let key = PrometheusText.labels(dimensions)
        return state.withLock { state in
            if let known = state.families[definition.exposedName]?.series[key] { return known as? Series }
            guard Self.hasRoom(for: key, definition, in: state) else {
                dropped.increment(by: 1)
                return nil
            }
            let made = make()
            Self.insert(made, key, definition, &state)
            return made
        }
    }

    private static func hasRoom(for key: String, _ definition: MetricDefinition, in state: State) -> Bool {
        guard let family = state.families[definition.exposedName] else { return state.count < seriesMax }
        if family.series[key] != nil { return true }
        return family.definition.kind == definition.kind && state.count < seriesMax
            && family.series.count < seriesPerMetricMax
    }

    private static func insert(
        _ series: any MetricSeries, _ key: String, _ definition: MetricDefinition, _ state: inout State
    ) {
        let old = state.families[definition.exposedName, default: Family(definition: definition)]
            .series.updateValue(series, forKey: key)
        if old == nil { state.count += 1 }
    }

    private static func unlisted(_ name: String, _ kind: MetricDefinition.Kind) -> MetricDefinition {
        MetricDefinition(name, kind, unit: kind == .histogram ? .seconds : .none, "Metric of a library.")
    }
}

extension MetricRegistry {
    /// A counter of the process.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { CounterSeries() } ?? NOOPMetricsHandler.instance
    }

    /// A gauge of the process.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { GaugeSeries() } ?? NOOPMetricsHandler.instance
    }

    /// A histogram when values are to be aggregated, else a gauge.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            return series(label, dimensions, .histogram) { HistogramSeries() } ?? NOOPMetricsHandler.instance
        }
        return series(label, dimensions, .gauge) { GaugeSeries() } ?? NOOPMetricsHandler.instance
    }

    /// A histogram of durations, in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram) { HistogramSeries() } ?? NOOPMetricsHandler.instance
    }

    // Series stay: a counter that came back at zero would read as a restart of the process.

    /// Keeps the series.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Keeps the series.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Keeps the series.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Keeps the series.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
