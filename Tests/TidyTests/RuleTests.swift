import Testing

@Suite("Each rule finds what breaks it")
struct RuleTests {
    @Test(arguments: Sample.all)
    func theRuleJudgesTheSample(_ sample: Sample) throws {
        let rule = try #require(try AllRules.make().first { $0.name == sample.rule })
        let found = rule.violations(in: [SourceFile(path: sample.path, text: sample.text)])
        #expect(found.map(\.line) == (sample.line.map { [$0] } ?? []))
    }

    @Test func everyRuleIsShownToFindSomething() throws {
        let shown = Set(Sample.all.filter { $0.line != nil }.map(\.rule))
        let names = try AllRules.make().map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Set(names).subtracting(shown) == ["one-spelling"])
    }

    @Test func aNameSpeltInTwoFilesIsFoundInBoth() throws {
        let rule = try #require(try AllRules.make().first { $0.name == "one-spelling" })
        for literal in ["ce_id", "pgm.commands.stripe", "idempotency-key", "X-Request-Id"] {
            let text = "let name = \"\(literal)\""
            let files = ["Sources/A/A.swift", "Sources/B/B.swift"].map { SourceFile(path: $0, text: text) }
            #expect(rule.violations(in: files).map(\.path) == ["Sources/A/A.swift", "Sources/B/B.swift"])
            #expect(rule.violations(in: [files[0]]).isEmpty)
            let elsewhere = ["Sources/Sandbox/A.swift", "Tests/A/A.swift"].map { SourceFile(path: $0, text: text) }
            #expect(rule.violations(in: elsewhere + [files[0]]).isEmpty)
        }
    }

    @Test func aNameWithAHomeIsFoundAnywhereElse() {
        let rule = OneSpellingRule(names: [.init(literal: "a-name", file: "Sources/A/Home.swift")])
        let home = SourceFile(path: "Sources/A/Home.swift", text: "let a = \"a-name\"")
        let other = SourceFile(path: "Sources/A/Other.swift", text: "\nlet a = \"A-Name\" // \"a-name\"")
        let found = rule.violations(in: [home, other])
        #expect(found.map { "\($0.path):\($0.line)" } == ["Sources/A/Other.swift:2"])
        #expect(rule.violations(in: [home]).isEmpty)
    }

    @Test func aFileThatAnotherMentionsIsUsed() {
        let declaring = SourceFile(path: "Sources/A/B.swift", text: "struct B {}")
        let using = SourceFile(path: "Sources/A/C.swift", text: "extension C { var text: String { \"\\(B())\" } }")
        let commenting = SourceFile(path: "Sources/A/D.swift", text: "extension D {} // B, and \"B\"")
        #expect(UnusedFileRule().violations(in: [declaring, using]).isEmpty)
        #expect(UnusedFileRule().violations(in: [declaring, commenting]).map(\.path) == ["Sources/A/B.swift"])
    }
}
