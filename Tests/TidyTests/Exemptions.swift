/// A place that may break a rule, and why.
struct Exemption: Sendable {
    /// The rule's name.
    var rule: String
    /// The file, from the repository's root.
    var path: String
    /// Why the rule's purpose is kept all the same.
    var reason: String
}

extension Exemption {
    /// All of them; one that exempts nothing any more fails the tests.
    static let all: [Exemption] = [
        Exemption(
            rule: "unowned-task", path: "Sources/Ingress/Commands/CommandPublisher.swift",
            reason: "the caller is answered meanwhile, and the task ends by itself within minutes")
    ]

    /// The violations that no exemption covers, and the exemptions that cover none.
    static func apply(
        _ exemptions: [Exemption], to violations: [Violation]
    ) -> (remaining: [Violation], unneeded: [Exemption]) {
        let remaining = violations.filter { violation in
            !exemptions.contains { $0.rule == violation.rule && $0.path == violation.path }
        }
        let unneeded = exemptions.filter { exemption in
            !violations.contains { $0.rule == exemption.rule && $0.path == exemption.path }
        }
        return (remaining, unneeded)
    }
}
