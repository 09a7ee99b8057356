/// The rules of this repository.
///
/// Patterns that would find themselves are written in two pieces.
enum AllRules {
    /// Every rule, sizes first; throws when a pattern is not a regular expression.
    static func make() throws -> [any Rule] {
        [FileLengthRule(), LineLengthRule(), FunctionLengthRule(), ScriptRule()]
            + [UncheckedSendableRule(), try ModuleImportRule(), UnusedFileRule(), DocumentedTypeRule(), spelling]
            + (try concurrency() + trapping() + output() + money() + leftovers())
    }

    private static let spelling = OneSpellingRule(names: [
        .init(literal: "ce_id"),
        .init(literal: "pgm.commands", isPrefix: true),
        .init(literal: "Idempotency-Key"),
        .init(literal: "Idempotent-Replayed"),
        .init(literal: "X-Request-Id"),
    ])

    private static func concurrency() throws -> [any Rule] {
        [
            try ForbiddenTextRule(
                "task-detached", #"\bTask\.detached\b"#,
                reason: "nobody awaits, cancels or bounds a detached task: use a task group or a service"),
            try ForbiddenTextRule(
                "unowned-task", #"^\s*(_\s*=\s*)?Task\s*(\([^)]*\)\s*)?\{"#,
                reason: "a task that nobody holds outlives its owner: use a task group, or keep it and cancel it",
                where: { $0.isIn("Sources") }),
            try ForbiddenTextRule(
                "blocking-sleep", #"\bThread\.sleep\b|(?<![.\w])(u|nano)?sleep\s*\("#,
                reason: "blocks a thread of the cooperative pool: wait for an event or with Task.sleep"),
            try ForbiddenTextRule(
                "test-sleep", #"\bTask(<[^>]*>)?\.sleep\b|[cC]lock(\(\))?\.sleep\b"#,
                reason: "a fixed wait is slow and flaky: wait for a condition with a limit (Eventually.swift)",
                // The one file of a test target that implements that wait.
                where: { $0.isIn("Tests") && $0.name != "Eventually.swift" }),
        ]
    }

    private static func trapping() throws -> [any Rule] {
        [
            try ForbiddenTextRule(
                "trap", #"(?<![.\w])(fatalError|preconditionFailure|precondition|assertionFailure)\s*\("#,
                reason: "one bad record would end the process: throw a typed error"),
            try ForbiddenTextRule(
                "force-try", #"\btry!"#, reason: "ends the process on an error: throw it on, or handle it"),
            try ForbiddenTextRule(
                "force-cast", #"\bas!"#, reason: "ends the process on another type: use `as?` and handle nil"),
        ]
    }

    private static func output() throws -> [any Rule] {
        [
            try ForbiddenTextRule(
                "print", #"(?<![.\w])(print|debugPrint|dump)\s*\("#,
                reason: "standard output belongs to the command line (Sources/PGM): log instead",
                where: { $0.isIn("Sources") && !$0.isIn("Sources/PGM") })
        ]
    }

    private static func money() throws -> [any Rule] {
        let reason = "money is an integer of minor units: floating point loses cents"
        let floating = #"(Double|Float(16|32|64|80)?|CGFloat|Decimal)"#
        let word = #"(?i:amount|money|price|cents|minorUnits|refunded|charged|captured)"#
        return [
            try ForbiddenTextRule(
                "floating-money", #"\b"# + floating + #"\b"#, reason: reason,
                where: { file in
                    ["Money", "Amount", "Currency"].contains { file.name.contains($0) } && file.isIn("Sources")
                }),
            try ForbiddenTextRule(
                "floating-amount",
                word + #"\w*\s*:\s*\[?(Swift\.|Foundation\.)?"# + floating + #"\b|\b"# + floating + #"\([^)]*"# + word,
                reason: reason, where: { $0.isIn("Sources") }),
        ]
    }

    private static func leftovers() throws -> [any Rule] {
        [
            try ForbiddenTextRule(
                "unfinished",
                #"\b(TO"# + #"DO|FIX"# + #"ME|XX"# + #"X|HA"# + #"CK|WI"# + #"P|(?i:st"# + #"ub(s|bed)?))\b"#,
                in: .everything, reason: "work is finished or not begun; what is open is an issue, not a marker"),
            try ForbiddenTextRule(
                "machine-path",
                #"(?<![\w.~}-])/(wo"# + #"rk|ro"# + #"ot|ho"# + #"me|Us"# + #"ers|t"# + #"mp)/\w|/opt/sw"# + "ift",
                in: .everything, reason: "a path of one machine: take it from the environment or make a temporary one"),
            try ForbiddenTextRule(
                "private-document",
                #"\b(api-deci"# + #"sions|exemp"# + #"lars)\.md|\b(shared|design|reference)/[\w/-]+\.m"# + "d",
                in: .everything, reason: "a document that is not in this repository: say it here"),
        ]
    }
}
