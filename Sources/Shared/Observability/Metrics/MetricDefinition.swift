/// What a metric is: its name, kind, unit and a sentence for people.
public struct MetricDefinition: Sendable, Hashable {
    /// How values of a metric behave.
    public enum Kind: String, Sendable, Hashable {
        /// Only rises.
        case counter
        /// Rises and falls.
        case gauge
        /// Distribution over fixed buckets.
        case histogram
    }

    /// Unit of the values; part of the exposed name.
    public enum Unit: String, Sendable, Hashable {
        /// A plain number.
        case none = ""
        /// Seconds.
        case seconds
    }

    /// The name by OpenTelemetry's conventions: ``MetricName``.
    public var name: String
    /// How its values behave.
    public var kind: Kind
    /// Its unit.
    public var unit: Unit
    /// One sentence for people.
    public var help: String

    /// Describes a metric.
    public init(_ name: String, _ kind: Kind, unit: Unit = .none, _ help: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
    }

    /// The name as Prometheus has it: words joined by `_`, the unit and, for counters, `_total` at the end.
    public var exposedName: String {
        var text = Self.sanitized(name)
        if unit != .none, !text.hasSuffix("_" + unit.rawValue) { text += "_" + unit.rawValue }
        if kind == .counter, !text.hasSuffix("_total") { text += "_total" }
        return text
    }

    /// A text with everything that a Prometheus name may not have replaced by `_`.
    static func sanitized(_ text: String) -> String {
        var clean = ""
        clean.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            let isDigit = byte >= 0x30 && byte <= 0x39
            let isLetter = (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
            if isDigit, clean.isEmpty { clean += "_" }
            clean.unicodeScalars.append(isLetter || isDigit ? Unicode.Scalar(byte) : "_")
        }
        return clean.isEmpty ? "_" : clean
    }
}
