import Foundation

/// Records that could not be processed, as the processes tell of them: nothing of a plan explains one.
///
/// A counter ends with its process, and what was logged last is known of a killed one too: so both are asked.
enum DeadLetters {
    private static let metric = "pgm_deadletters_total"
    private static let message = "becomes a dead letter"

    /// The sum over all topics in a process's metrics.
    static func count(inMetrics text: String) -> Int {
        text.split(separator: "\n").filter { $0.hasPrefix(metric + "{") || $0.hasPrefix(metric + " ") }
            .reduce(0) { $0 + (($1.split(separator: " ").last.flatMap { Double($0) }).map { Int($0) } ?? 0) }
    }

    /// The lines of a log that tell of one.
    static func lines(inLog text: String) -> [String] {
        text.split(separator: "\n").filter { $0.contains(message) }.map(String.init)
    }

    /// What is wrong, by the logs and by what was counted.
    static func violations(lines: [String], counted: Int) -> [Violation] {
        var found = lines.map { Violation(reference: "dead letter", rule: .deadLetter, details: $0) }
        if counted > lines.count {
            let details = "\(counted) counted, \(lines.count) in the logs"
            found.append(Violation(reference: "dead letters", rule: .deadLetter, details: details))
        }
        return found
    }
}
