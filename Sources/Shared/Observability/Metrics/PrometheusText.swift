/// Writes metrics in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    /// Content type of the format.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var text = ""

    /// What was written, in UTF-8.
    var bytes: [UInt8] { Array(text.utf8) }

    /// Labels as they stand in the format, without braces, in order of their names; nothing for none.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { name, value in
            let clean = MetricDefinition.sanitized(name)
            // `le` is the histograms' own.
            return (clean == "le" ? "le_" : clean) + "=\"" + escaped(value, quotes: true) + "\""
        }.sorted().joined(separator: ",")
    }

    /// Writes one metric with all its series; nothing when it has none.
    mutating func write(_ definition: MetricDefinition, _ series: [(labels: String, sample: MetricSample)]) {
        guard !series.isEmpty else { return }
        let name = definition.exposedName
        text += "# HELP \(name) \(Self.escaped(definition.help, quotes: false))\n"
        text += "# TYPE \(name) \(definition.kind.rawValue)\n"
        for (labels, sample) in series {
            switch sample {
            case .integer(let value): line(name, labels, String(value))
            case .number(let value): line(name, labels, Self.number(value))
            case .distribution(let buckets, let sum): distribution(name, labels, buckets, sum)
            }
        }
    }

    private mutating func distribution(_ name: String, _ labels: String, _ buckets: [UInt64], _ sum: Double) {
        var total: UInt64 = 0
        for (index, count) in buckets.enumerated() {
            total &+= count
            let bound = index < HistogramSeries.bounds.count ? Self.number(HistogramSeries.bounds[index]) : "+Inf"
            line(name + "_bucket", labels + (labels.isEmpty ? "" : ",") + "le=\"\(bound)\"", String(total))
        }
        line(name + "_sum", labels, Self.number(sum))
        line(name + "_count", labels, String(total))
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || (quotes && $0 == 0x22) }) else { return text }
        var clean = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": clean += "\\\\"
            case "\n": clean += "\\n"
            case "\"" where quotes: clean += "\\\""
            default: clean.unicodeScalars.append(scalar)
            }
        }
        return clean
    }
}

extension MetricRegistry {
    /// Content type of ``exposition()``.
    public static let expositionContentType = PrometheusText.contentType
}
