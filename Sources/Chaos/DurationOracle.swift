/// How long what nothing happened to took: requests that no trouble overlaps, from the first copy to the answer.
struct DurationOracle: Sendable {
    /// When something was wrong, its aftermath included.
    struct Window: Sendable {
        var begunAt: ContinuousClock.Instant
        var endedAt: ContinuousClock.Instant
    }

    /// What the report says of them.
    struct Summary: Sendable {
        var count: Int
        var median: Duration
        var nearlyMost: Duration
        var most: Duration
    }

    var records: [PaymentRecord]
    var windows: [Window]
    var limit: Duration

    /// How long a group may share its partitions anew, and calls be cleared up, once everybody is ready again.
    static let aftermath: Duration = .seconds(12)

    /// What steps did, each with its aftermath.
    static func windows(of steps: [StepResult]) -> [Window] {
        steps.map { Window(begunAt: $0.begunAt, endedAt: $0.endedAt + aftermath) }
    }

    /// Requests that no window overlaps, shortest first.
    private var untouched: [(reference: String, span: PaymentRecord.Span, duration: Duration)] {
        records.flatMap { record in
            record.spans.filter { span in
                !windows.contains { $0.begunAt <= span.endedAt && span.begunAt <= $0.endedAt }
            }.map { (record.script.reference, $0, $0.endedAt - $0.begunAt) }
        }.sorted { $0.duration < $1.duration }
    }

    /// Nil when trouble was everywhere.
    var summary: Summary? {
        let durations = untouched.map(\.duration)
        guard let most = durations.last else { return nil }
        return Summary(
            count: durations.count, median: durations[durations.count / 2],
            nearlyMost: durations[min(durations.count - 1, durations.count * 99 / 100)], most: most)
    }

    func violations() -> [Violation] {
        untouched.filter { $0.duration > limit }.map { found in
            Violation(
                reference: found.reference, rule: .tooSlow,
                details: "\(found.span.part): \(DurationText.of(found.duration))")
        }
    }
}

/// Times as the report shows them.
enum DurationText {
    /// `1.25 s`.
    static func of(_ duration: Duration) -> String {
        AmountText.of(Int(duration / .milliseconds(10))) + " s"
    }
}
