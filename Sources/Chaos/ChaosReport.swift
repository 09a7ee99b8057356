import Foundation

/// Writes what a run did and what came of it.
struct ChaosReport: Sendable {
    var seed: UInt64
    var broker: String
    var recovery: Recovery
    var steps: [StepResult]
    var records: [PaymentRecord]
    var requests: Int
    var callbacks: Int
    var verdict: Verdict

    private var violations: [Violation] { verdict.violations }

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
    }

    /// The closing line of all parts of a run.
    static func close(_ reports: [ChaosReport]) {
        let kills = reports.reduce(0) { $0 + $1.steps.count { $0.trouble.isKill } }
        let payments = reports.reduce(0) { $0 + $1.records.count }
        let violations = reports.reduce(0) { $0 + $1.violations.count }
        let disks = reports.reduce(0) { $0 + $1.steps.reduce(0) { $0 + $1.emptyDisks } }
        let untold = reports.reduce(0) { $0 + $1.records.count { $0.silence != nil } }
        write(
            "chaos: \(kills) kills, \(payments) payments, \(violations) violations; recovery by "
                + reports.map(\.recovery.rawValue).joined(separator: " and ")
                + ", \(disks) empty disks, \(untold) payments whose merchants waited for news")
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
        Self.write("seed \(seed), \(broker), recovery by \(recovery.rawValue)")
        Self.write(
            "\(records.count) payments, \(keyed) of them with a key, \(records.count { $0.mustBeCharged }) paid, "
                + "\(records.count { $0.refusal != nil }) with a refused attempt, "
                + "\(records.count { $0.isPagePaid }) on the page; \(refunds.count) refunds")
        Self.write(
            "\(requests) requests, \(records.reduce(0) { $0 + $1.repeats }) of them repeats after failures; "
                + "\(records.reduce(0) { $0 + $1.replaysCompared }) answers compared with a repeat's; "
                + "\(callbacks) callbacks accepted, \(verdict.notifications) notifications; "
                + "\(records.count { $0.openQuestion != nil }) payments lost")
        Self.write(
            "merchants who waited for news: \(records.count { $0.silence == .unknownOutcome }) after a 504, "
                + "\(records.count { $0.silence == .noAnswer }) after a broken connection; "
                + "\(steps.reduce(0) { $0 + $1.emptyDisks }) workers began with an empty disk")
        guard let durations = verdict.durations else { return Self.write("trouble touched every request") }
        Self.write(
            "\(durations.count) requests that no trouble touched: p50 \(DurationText.of(durations.median)), p99 "
                + "\(DurationText.of(durations.nearlyMost)), longest \(DurationText.of(durations.most))")
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
