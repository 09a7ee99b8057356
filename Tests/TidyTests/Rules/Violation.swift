/// One place that breaks a rule.
struct Violation: Sendable, Hashable, CustomStringConvertible {
    /// The file, from the repository's root.
    var path: String
    /// The line, from 1.
    var line: Int
    /// The rule's name, as exemptions give it.
    var rule: String
    /// What is wrong and what to do instead.
    var reason: String

    /// `file:line: [rule] reason`, which editors make a link of.
    var description: String { "\(path):\(line): [\(rule)] \(reason)" }
}
