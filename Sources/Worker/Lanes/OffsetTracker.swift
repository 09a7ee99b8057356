/// Which offsets of one partition are read and not finished, and hence up to where may be committed.
///
/// Offsets are read in rising order (gaps are normal) and finished in any order.
struct OffsetTracker: Sendable {
    private var outstanding: [Int64] = []
    private var head = 0
    private var finishedBeforeTheirTurn: Set<Int64> = []
    private var next: Int64?

    /// Takes an offset; `false` when it was read before and must not be processed again.
    mutating func read(_ offset: Int64) -> Bool {
        if let next, offset < next { return false }
        outstanding.append(offset)
        next = offset < Int64.max ? offset + 1 : offset
        return true
    }

    /// Marks an offset as done; one that is not outstanding is ignored.
    mutating func finish(_ offset: Int64) {
        guard head < outstanding.count, offset >= outstanding[head] else { return }
        finishedBeforeTheirTurn.insert(offset)
        while head < outstanding.count, finishedBeforeTheirTurn.remove(outstanding[head]) != nil { head += 1 }
        if head > 1024, head * 2 > outstanding.count {
            outstanding.removeFirst(head)
            head = 0
        }
    }

    /// The offset below which everything is done; `nil` as long as nothing was read.
    var committable: Int64? {
        head < outstanding.count ? outstanding[head] : next
    }

    /// Distance from the lowest unfinished to the highest read offset.
    var span: Int64 {
        guard let next, let committable else { return 0 }
        return next - committable
    }
}
