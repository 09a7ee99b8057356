import Synchronization

/// Places at which the crash harness ends the process, to prove that nothing is lost there.
public enum CrashPlace: String, Sendable, Hashable, CaseIterable {
    /// Before an effect is in the journal.
    case beforeAttempted = "before-attempted"
    /// After an attempt was read back, before the call.
    case afterAttempted = "after-attempted"
    /// After the provider answered, before that is in the journal.
    case afterEffect = "after-effect"
    /// After the answer is in the journal, before reply and result are published.
    case afterSettled = "after-settled"
    /// While partitions are being taken over.
    case rebalance = "rebalance"
}

/// Ends the process when it passes a place for the n-th time; made by the crash harness, absent otherwise.
public final class CrashPlan: Sendable {
    private let place: CrashPlace
    private let left: Mutex<Int>
    private let end: @Sendable () -> Void

    /// Reads `<place>:<n>`; `nil` for anything else.
    /// - Parameter end: ends the process at once, without any cleaning up.
    public init?(_ text: String, end: @escaping @Sendable () -> Void) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let place = CrashPlace(rawValue: String(parts[0])), let count = Int(parts[1]), count > 0
        else { return nil }
        self.place = place
        self.left = Mutex(count)
        self.end = end
    }

    /// The process is at a place.
    func pass(_ place: CrashPlace) {
        guard place == self.place else { return }
        let isOver = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isOver { end() }
    }
}
