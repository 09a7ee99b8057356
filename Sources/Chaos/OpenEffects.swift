/// What `pgm payments unknown` lists: effects that nobody knows the outcome of.
struct OpenEffects: Sendable {
    /// A line for each, as printed.
    var lines: [String]

    /// Reads what the command printed; nil when its last line does not say how many there are.
    init?(printed text: String) {
        var lines = text.split(separator: "\n").map(String.init)
        guard let last = lines.popLast()?.split(separator: " "), last.count == 2, last[1].hasPrefix("effect"),
            let count = Int(last[0]), count <= lines.count
        else { return nil }
        // Before them may be lines of the log.
        self.lines = Array(lines.suffix(count))
    }

    /// Each of them is wrong once there was time to clear them all up.
    var violations: [Violation] {
        lines.map { line in
            let reference = line.split(separator: " ").first { $0.hasPrefix(Self.referenceLabel) }
            return Violation(
                reference: reference.map { String($0.dropFirst(Self.referenceLabel.count)) } ?? "effect",
                rule: .openEffect, details: line)
        }
    }

    private static let referenceLabel = "shopTransactionID="
}
