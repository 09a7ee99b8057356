import Metrics
import Testing

@testable import Shared

/// What is kept of metrics, and how it is written out.
@Suite
struct MetricRegistryTests {
    private func text(_ registry: MetricRegistry) -> String {
        String(decoding: registry.exposition(), as: UTF8.self)
    }

    private func lines(_ registry: MetricRegistry, beginning prefix: String) -> [Substring] {
        text(registry).split(separator: "\n").filter { $0.hasPrefix(prefix) }
    }

    @Test func aCounterIsWrittenWithHelpTypeAndLabelsInOrder() {
        let registry = MetricRegistry()
        let dimensions = [("provider", "stripe"), ("operation", "pay"), ("outcome", "OK")]
        registry.makeCounter(label: MetricName.commands, dimensions: dimensions).increment(by: 2)
        registry.makeCounter(label: MetricName.commands, dimensions: dimensions.reversed()).increment(by: 1)
        let expected = """
            # HELP pgm_commands_executed_total Commands executed, by provider, operation and outcome.
            # TYPE pgm_commands_executed_total counter
            pgm_commands_executed_total{operation="pay",outcome="OK",provider="stripe"} 3
            """
        #expect(text(registry).contains(expected))
    }

    @Test func aCounterNeverGoesDown() {
        let registry = MetricRegistry()
        let counter = registry.makeCounter(label: MetricName.repliesDropped, dimensions: [])
        counter.increment(by: 5)
        counter.increment(by: -3)
        #expect(lines(registry, beginning: "pgm_replies_dropped_total ") == ["pgm_replies_dropped_total 5"])
    }

    @Test func aGaugeHasItsLastValue() {
        let registry = MetricRegistry()
        let gauge = registry.makeMeter(label: MetricName.kafkaConsumerLag, dimensions: [("group", "g")])
        gauge.set(12.5)
        gauge.decrement(by: 2)
        #expect(lines(registry, beginning: "kafka_consumer_lag{") == ["kafka_consumer_lag{group=\"g\"} 10.5"])
    }

    @Test func anObservedGaugeIsAskedAtEachExpositionAndReplacedByTheNext() {
        let registry = MetricRegistry()
        registry.observe(MetricName.repliesAwaited) { 1 }
        registry.observe(MetricName.repliesAwaited) { 7 }
        #expect(lines(registry, beginning: "pgm_replies_awaited ") == ["pgm_replies_awaited 7"])
    }

    @Test func aTimerIsAHistogramInSecondsWhoseBucketsAddUp() {
        let registry = MetricRegistry()
        let timer = registry.makeTimer(label: MetricName.requestDuration, dimensions: [("http.route", "/x")])
        for nanoseconds: Int64 in [1_000_000, 4_000_000, 200_000_000, 120_000_000_000] {
            timer.recordNanoseconds(nanoseconds)
        }
        let name = "http_server_request_duration_seconds"
        let buckets = lines(registry, beginning: name + "_bucket")
        #expect(buckets.count == HistogramSeries.bounds.count + 1)
        let expected = [
            ("0.001", 1), ("0.0025", 1), ("0.005", 2), ("0.1", 2), ("0.25", 3), ("60", 3), ("+Inf", 4),
        ]
        for (bound, count) in expected {
            #expect(buckets.contains("\(name)_bucket{http_route=\"/x\",le=\"\(bound)\"} \(count)"))
        }
        #expect(lines(registry, beginning: name + "_sum") == ["\(name)_sum{http_route=\"/x\"} 120.205"])
        #expect(lines(registry, beginning: name + "_count") == ["\(name)_count{http_route=\"/x\"} 4"])
    }

    @Test func labelValuesAndHelpAreEscaped() {
        let registry = MetricRegistry()
        let dimensions = [("topic", "a\"b\\c\nd"), ("le", "own")]
        registry.makeCounter(label: MetricName.deadLetters, dimensions: dimensions).increment(by: 1)
        let found = lines(registry, beginning: "pgm_deadletters_total{")
        #expect(found == [#"pgm_deadletters_total{le_="own",topic="a\"b\\c\nd"} 1"#])
        var written = PrometheusText()
        written.write(MetricDefinition("x", .gauge, "one\\two\nthree \"four\""), [("", .number(.infinity))])
        #expect(
            String(decoding: written.bytes, as: UTF8.self)
                == "# HELP x one\\\\two\\nthree \"four\"\n# TYPE x gauge\nx +Inf\n")
    }

    @Test func namesThatPrometheusDoesNotTakeAreMadeToFit() {
        #expect(MetricDefinition("9.lives-été", .gauge, "").exposedName == "_9_lives___t__")
        #expect(MetricDefinition("a.total", .counter, "").exposedName == "a_total")
        #expect(MetricDefinition("a.time", .histogram, unit: .seconds, "").exposedName == "a_time_seconds")
    }

    @Test func seriesBeyondTheLimitAreCountedAndOtherwiseIgnored() {
        let registry = MetricRegistry()
        for index in 0..<MetricRegistry.seriesPerMetricMax + 25 {
            registry.makeCounter(label: MetricName.deadLetters, dimensions: [("topic", "t\(index)")]).increment(by: 1)
        }
        #expect(lines(registry, beginning: "pgm_deadletters_total{").count == MetricRegistry.seriesPerMetricMax)
        #expect(
            lines(registry, beginning: "pgm_metrics_series_dropped_total ") == ["pgm_metrics_series_dropped_total 25"])
        // What is there already goes on.
        registry.makeCounter(label: MetricName.deadLetters, dimensions: [("topic", "t0")]).increment(by: 1)
        #expect(lines(registry, beginning: "pgm_deadletters_total{topic=\"t0\"}").first?.hasSuffix(" 2") == true)
    }

    @Test func aNameOfAnotherKindIsRefused() {
        let registry = MetricRegistry()
        registry.makeMeter(label: MetricName.commands, dimensions: []).set(3 as Int64)
        registry.makeCounter(label: "library.events", dimensions: []).increment(by: 1)
        registry.makeTimer(label: MetricName.commands, dimensions: []).recordNanoseconds(1)
        #expect(lines(registry, beginning: "pgm_commands_executed").isEmpty)
        #expect(
            lines(registry, beginning: "pgm_metrics_series_dropped_total ") == ["pgm_metrics_series_dropped_total 2"])
    }

    @Test func everyLineHasTheFormOfTheFormat() throws {
        let registry = MetricRegistry()
        for definition in MetricCatalogue.all {
            let dimensions = [("provider", "a b{}\"\\")]
            switch definition.kind {
            case .counter: registry.makeCounter(label: definition.name, dimensions: dimensions).increment(by: 1)
            case .gauge: registry.makeMeter(label: definition.name, dimensions: dimensions).set(0.5)
            case .histogram: registry.makeTimer(label: definition.name, dimensions: dimensions).recordNanoseconds(9)
            }
        }
        let label = #"[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*""#
        let sample = try Regex(
            #"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{"# + label + "(," + label + #")*\})? ([0-9.e+-]+|NaN|[+-]Inf)$"#)
        let comment = try Regex(#"^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))$"#)
        #expect(text(registry).hasSuffix("\n"))
        for line in text(registry).split(separator: "\n") {
            #expect(line.wholeMatch(of: line.hasPrefix("#") ? comment : sample) != nil, "\(line)")
        }
        for definition in MetricCatalogue.all {
            #expect(text(registry).contains("# TYPE \(definition.exposedName) \(definition.kind.rawValue)\n"))
        }
    }
}
