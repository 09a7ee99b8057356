import Testing

@Suite("The repository keeps its own rules")
struct RepositoryTests {
    @Test func everyFileKeepsEveryRule() throws {
        let files = try Repository.read()
        let violations = try AllRules.make().flatMap { $0.violations(in: files) }
        let (remaining, unneeded) = Exemption.apply(Exemption.all, to: violations)
        for violation in remaining { Issue.record("\(violation)") }
        for exemption in unneeded {
            Issue.record("\(exemption.path) no longer needs its exemption from \(exemption.rule): remove it")
        }
    }

    @Test func theRepositoryIsFoundAndRead() throws {
        let paths = Set(try Repository.read().map(\.path))
        #expect(paths.isSuperset(of: ["Package.swift", "Makefile", ".ci/run", "Scripts/tour"]))
        #expect(paths.contains { $0.hasPrefix("Sources/PGM/") })
        #expect(paths.contains("Tests/TidyTests/Reading/Repository.swift"))
    }

    @Test func everyExemptionHasAReasonAndNamesARule() throws {
        let names = Set(try AllRules.make().map(\.name))
        for exemption in Exemption.all {
            #expect(!exemption.reason.isEmpty)
            #expect(names.contains(exemption.rule))
        }
    }

    @Test func anExemptionCoversItsOwnRuleAndFileAlone() {
        let covered = Violation(path: "a", line: 1, rule: "r", reason: "")
        let otherRule = Violation(path: "a", line: 1, rule: "s", reason: "")
        let otherFile = Violation(path: "b", line: 1, rule: "r", reason: "")
        let needed = Exemption(rule: "r", path: "a", reason: "because")
        let unneeded = Exemption(rule: "r", path: "c", reason: "because")
        let outcome = Exemption.apply([needed, unneeded], to: [covered, otherRule, otherFile])
        #expect(outcome.remaining == [otherRule, otherFile])
        #expect(outcome.unneeded.map(\.path) == ["c"])
    }
}
