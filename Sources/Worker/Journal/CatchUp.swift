/// Decides when a reader has read what a log held at one moment.
struct CatchUp: Sendable {
    /// After so long without a record there is nothing more to come: a log can end in offsets without records.
    static let quietMax: Duration = .seconds(5)

    private let ends: [Int32: Int64]
    private var last: (positions: [Int32: Int64], at: Duration)?

    /// Takes the offset behind the last record of each partition.
    init(ends: [Int32: Int64]) {
        self.ends = ends
    }

    /// Whether these positions, reached by this time, are all there is.
    mutating func isDone(_ positions: [Int32: Int64], at now: Duration) -> Bool {
        if ends.allSatisfy({ positions[$0.key] ?? 0 >= $0.value }) { return true }
        if let last, last.positions == positions { return now - last.at >= Self.quietMax }
        last = (positions, now)
        return false
    }
}
