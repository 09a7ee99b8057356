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

/// Rules that a simulation breaks on purpose, to show that it would find out; empty in the product.
struct DeliberateFaults: OptionSet, Sendable {
    let rawValue: Int

    /// Calls without an entry in the journal.
    static let attemptedSkipped = DeliberateFaults(rawValue: 1)
    /// Calls as soon as the entry is sent.
    static let readBackSkipped = DeliberateFaults(rawValue: 2)
    /// Takes records of any epoch as valid.
    static let epochIgnored = DeliberateFaults(rawValue: 4)
    /// Ends late commands without looking whether they ran.
    static let deadlineFirst = DeliberateFaults(rawValue: 8)
    /// Ends records when they begin.
    static let committedEarly = DeliberateFaults(rawValue: 16)
    /// Lets the answer of a former owner replace a settled one.
    static let lateOverwrites = DeliberateFaults(rawValue: 32)
    /// Asks the provider while the lost call may still be under way.
    static let waitSkipped = DeliberateFaults(rawValue: 64)
    /// Captures without an entry in the journal.
    static let captureNotJournalled = DeliberateFaults(rawValue: 128)
}
