import Foundation

/// Writes what a run did and what came of it.
struct ChaosReport: Sendable {
    var seed: UInt64
    var broker: String
    var steps: [StepResult]
    var records: [PaymentRecord]
    var requests: Int
    var notifications: Int
    var callbacks: Int
    var violations: [Violation]

    /// Violations of one rule shown one by one; a broken build makes hundreds.
    private static let shownMax = 20

    func show() {
        Self.write("")
        showTable()
        showTotals()
        let idle = steps.filter { $0.inFlight == 0 }
        if !idle.isEmpty {
            let list = idle.map { "\($0.number) (\($0.trouble.name))" }.joined(separator: ", ")
            Self.write("steps with nothing in flight: \(list)")
        }
        let late = steps.filter { $0.readyAfter == nil }
        if !late.isEmpty {
            Self.write("not ready again in time after steps: \(late.map { "\($0.number)" }.joined(separator: ", "))")
        }
        Self.show(violations)
        let kills = steps.count { $0.trouble.isKill }
        Self.write("chaos: \(kills) kills, \(records.count) payments, \(violations.count) violations")
    }

    private func showTable() {
        Self.write("| trouble | times | in flight: least, median, most | with none | not at its place |")
        Self.write("| --- | ---: | --- | ---: | ---: |")
        let groups = Dictionary(grouping: steps, by: \.trouble).sorted { $0.key.name < $1.key.name }
        for (trouble, results) in groups {
            let counts = results.map(\.inFlight).sorted()
            let cells = [
                trouble.name, "\(results.count)",
                "\(counts[0]), \(counts[counts.count / 2]), \(counts[counts.count - 1])",
                "\(counts.count { $0 == 0 })", "\(results.count { !$0.isPlaced })",
            ]
            Self.write("| " + cells.joined(separator: " | ") + " |")
        }
    }

    private func showTotals() {
        let refunds = records.flatMap(\.refunds)
        let keyed = records.count { $0.script.hasKey }
        Self.write("")
        Self.write("seed \(seed), \(broker)")
        Self.write(
            "\(records.count) payments, \(keyed) of them with a key, \(records.count { $0.mustBeCharged }) paid, "
                + "\(records.count { $0.refusal != nil }) with a refused attempt, "
                + "\(records.count { $0.isPagePaid }) on the page; \(refunds.count) refunds")
        Self.write(
            "\(requests) requests, \(records.reduce(0) { $0 + $1.repeats }) of them repeats after failures; "
                + "\(records.reduce(0) { $0 + $1.replaysCompared }) answers compared with a repeat's; "
                + "\(callbacks) callbacks accepted, \(notifications) notifications; "
                + "\(records.count { $0.openQuestion != nil }) payments lost")
    }

    /// Writes how often each rule was broken, with examples.
    static func show(_ violations: [Violation]) {
        let groups = Dictionary(grouping: violations, by: \.rule).sorted { $0.key.rawValue < $1.key.rawValue }
        for (rule, found) in groups {
            write("VIOLATED \(found.count) times: \(rule.rawValue)")
            for violation in found.prefix(shownMax) { write("  \(violation.reference): \(violation.details)") }
            if found.count > shownMax { write("  and \(found.count - shownMax) more") }
        }
    }

    /// A line about a step, as it ends.
    static func show(_ step: StepResult) {
        let ready = step.readyAfter.map { "ready after \(String(format: "%.1f", $0 / .seconds(1))) s" } ?? "not ready"
        let place = step.isPlaced ? "" : ", did not come to its place and was killed from outside"
        write("step \(step.number): \(step.trouble.name), \(step.inFlight) in flight\(place), \(ready)")
    }

    static func write(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
