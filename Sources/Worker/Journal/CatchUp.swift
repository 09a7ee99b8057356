/// Decides when a reader has read what a log held at one moment.
struct CatchUp: Sendable {
    /// When what is behind stands still so long, nothing more comes: a log can end in offsets without records.
    static let quietMax: Duration = .seconds(5)

    private let ends: [Int32: Int64]
    private var last: (positions: [Int32: Int64], at: Duration)?

    /// Takes the offset behind the last record of each partition.
    init(ends: [Int32: Int64]) {
        self.ends = ends
    }

    /// Whether these positions, reached by this time, are all there is.
    mutating func isDone(_ positions: [Int32: Int64], at now: Duration) -> Bool {
        let behind = ends.filter { positions[$0.key] ?? 0 < $0.value }.keys
        if behind.isEmpty { return true }
        let waiting = positions.filter { behind.contains($0.key) }
        if let last, last.positions == waiting { return now - last.at >= Self.quietMax }
        last = (waiting, now)
        return false
    }
}
