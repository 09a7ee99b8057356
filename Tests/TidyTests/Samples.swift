import Testing

/// A piece of a repository, and the rule that judges it.
struct Sample: Sendable, CustomTestStringConvertible {
    var rule: String
    var path: String
    var text: String
    /// The line that breaks the rule; nil when the sample keeps it.
    var line: Int?

    var testDescription: String { "\(rule) \(line == nil ? "allows" : "finds") \(path): \(text.prefix(60))" }

    init(_ rule: String, _ path: String, _ text: String, finds line: Int? = nil) {
        self.rule = rule
        self.path = path
        self.text = text
        self.line = line
    }

    /// What each rule must find and must let pass.
    ///
    /// Literals are written in pieces where they would break a rule here.
    static let all: [Sample] = sizes + calls + declarations + texts

    private static func function(lines: Int, declaration: String = "func long() {") -> String {
        "struct A {\n" + declaration + "\n"
            + String(repeating: "    let text = \"} \\(call { 1 }) {\"\n", count: lines - 2) + "}\n}\n"
    }

    private static let sizes = [
        Sample("file-length", "Sources/A/B.swift", String(repeating: "\n", count: 401), finds: 401),
        Sample("file-length", "Sources/A/B.swift", String(repeating: "\n", count: 400)),
        Sample("line-length", "Sources/A/B.swift", "\n" + String(repeating: "é", count: 121), finds: 2),
        Sample("line-length", "Sources/A/B.swift", String(repeating: "é", count: 120)),
        Sample("function-length", "Sources/A/B.swift", function(lines: 71), finds: 2),
        Sample("function-length", "Sources/A/B.swift", function(lines: 70)),
        Sample(
            "function-length", "Sources/A/B.swift",
            function(lines: 71, declaration: "init(_ body: () -> Void = { }) throws(E) {"), finds: 2),
        Sample(
            "function-length", "Sources/A/B.swift",
            "protocol P {\n func none()\n}\nenum E {\n" + String(repeating: "case a\n", count: 90) + "}"),
        Sample("script", "Scripts/a", "#!/usr/bin/env bash\necho", finds: 1),
        Sample("script", "Scripts/a", "#!/bin/sh\nset -euo pipefail", finds: 1),
        Sample("script", "Scripts/a", "#!/usr/bin/env bash\nset -euo pipefail\n"),
    ]

    private static let calls = [
        Sample("task-detached", "Sources/A/B.swift", "let task = Task.detached { }", finds: 1),
        Sample("task-detached", "Sources/A/B.swift", "// Task.detached\nlet text = \"Task.detached\""),
        Sample("unowned-task", "Sources/A/B.swift", "\n    Task { await run() }", finds: 2),
        Sample("unowned-task", "Sources/A/B.swift", "_ = Task(priority: .high) { }", finds: 1),
        Sample("unowned-task", "Sources/A/B.swift", "let task = Task { }"),
        Sample("blocking-sleep", "Sources/A/B.swift", "Thread.sleep(forTimeInterval: 1)", finds: 1),
        Sample("blocking-sleep", "Tests/A/B.swift", "usleep(5)", finds: 1),
        Sample("blocking-sleep", "Sources/A/B.swift", "let text = \"\\(sleep(5))\"", finds: 1),
        Sample("blocking-sleep", "Sources/A/B.swift", "try await Task.sleep(for: .seconds(1))"),
        Sample("test-sleep", "Tests/A/B.swift", "try await Task.sleep(for: .seconds(1))", finds: 1),
        Sample("test-sleep", "Tests/A/B.swift", "try await ContinuousClock().sleep(for: wait)", finds: 1),
        Sample("test-sleep", "Tests/A/Eventually.swift", "try await Task.sleep(for: .seconds(1))"),
        Sample("test-sleep", "Sources/A/B.swift", "try await Task.sleep(for: .seconds(1))"),
        Sample("trap", "Sources/A/B.swift", "fatalError(\"no\")", finds: 1),
        Sample("trap", "Sources/A/B.swift", "precondition(a > b)", finds: 1),
        Sample("trap", "Sources/A/B.swift", "preconditionFailure()", finds: 1),
        Sample("trap", "Sources/A/B.swift", "throw Failure.precondition(1)"),
        Sample("force-try", "Tests/A/B.swift", "let a = try! b()", finds: 1),
        Sample("force-try", "Tests/A/B.swift", "let a = try? b()"),
        Sample("force-cast", "Sources/A/B.swift", "let a = b as! Int", finds: 1),
        Sample("force-cast", "Sources/A/B.swift", "let a = b as? Int /* as! */"),
        Sample("print", "Sources/Shared/B.swift", "print(\"a\")", finds: 1),
        Sample("print", "Sources/PGM/B.swift", "print(\"a\")"),
        Sample("print", "Sources/Shared/B.swift", "footprint(a); writer.print(a)"),
        Sample("floating-money", "Sources/Shared/Money.swift", "let rate: Double = 1", finds: 1),
        Sample("floating-money", "Sources/Shared/Latency.swift", "let rate: Double = 1"),
        Sample("floating-amount", "Sources/Shared/Pay.swift", "var totalAmount: Float", finds: 1),
        Sample("floating-amount", "Sources/Shared/Pay.swift", "let a = Double(order.cents)", finds: 1),
        Sample("floating-amount", "Sources/Shared/Pay.swift", "var amount: Int, load: Double"),
    ]

    private static let declarations = [
        Sample("unchecked-sendable", "Sources/A/B.swift", "/// A handle.\nclass A: @unchecked Sendable {", finds: 2),
        Sample(
            "unchecked-sendable", "Sources/A/B.swift", "// Sendable: no.\n\nclass A: @unchecked Sendable {",
            finds: 3),
        Sample(
            "unchecked-sendable", "Sources/A/B.swift",
            "/// A handle.\n// Sendable: the library locks.\n@available(macOS 15, *)\nclass A: @unchecked Sendable {"),
        Sample("module-import", "Sources/Ingress/B.swift", "import Worker", finds: 1),
        Sample("module-import", "Sources/Worker/B.swift", "\npublic import struct Ingress.Route", finds: 2),
        Sample("module-import", "Sources/Sandbox/A/B.swift", "@testable import Shared", finds: 1),
        Sample("module-import", "Sources/Sandbox/B.swift", "@preconcurrency internal import Providers", finds: 1),
        Sample("module-import", "Sources/Shared/Domain/B.swift", "import CRdKafka", finds: 1),
        Sample("module-import", "Tests/SharedTests/B.swift", "import CRdKafka", finds: 1),
        Sample("module-import", "Sources/Shared/Kafka/B.swift", "import CRdKafka\nimport Foundation"),
        Sample("module-import", "Tests/SharedTests/Kafka/B.swift", "import CRdKafka"),
        Sample("module-import", "Sources/Ingress/B.swift", "public import Shared\nimport Providers"),
        Sample("unused-file", "Sources/A/B.swift", "/// B.\nstruct B {}\n/// C.\nfunc other() -> B { B() }", finds: 2),
        Sample("unused-file", "Sources/A/B.swift", "extension String {}"),
        Sample("unused-file", "Sources/A/B.swift", "@main\nstruct B {}"),
        Sample("documented-type", "Sources/A/B.swift", "// B.\nstruct B {}", finds: 2),
        Sample("documented-type", "Sources/A/B.swift", "/// B.\n@frozen\npublic struct B {\n    struct C {}\n}"),
        Sample("documented-type", "Sources/A/B.swift", "extension B {}\nprivate enum C {}"),
    ]

    private static let texts = [
        Sample("unfinished", "Sources/A/B.swift", "\n// TO" + "DO: later", finds: 2),
        Sample("unfinished", "README.md", "a FIX" + "ME", finds: 1),
        Sample("unfinished", "Sources/A/B.swift", "struct St" + "ub {}", finds: 1),
        Sample("unfinished", "Sources/A/B.swift", "let stubborn = todos"),
        Sample("machine-path", "Makefile", "cd /wo" + "rk/main", finds: 1),
        Sample("machine-path", "Tests/A/B.swift", "let path = \"/t" + "mp/socket\"", finds: 1),
        Sample("machine-path", "Sources/A/B.swift", "let path = \"/-/ho" + "me/x\" // example.com/wo" + "rk/x"),
        Sample("private-document", "DESIGN.md", "see design/archi" + "tecture.md", finds: 1),
        Sample("private-document", "Sources/A/B.swift", "// as api-deci" + "sions.md says", finds: 1),
        Sample("private-document", "DESIGN.md", "see README.md"),
    ]
}
