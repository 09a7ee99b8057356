public import Shared

/// What became of a record that was appended to a journal.
enum AppendOutcome: Sendable, Hashable {
    /// It was read back, and its writer owned the partition.
    case valid
    /// It was read back behind another owner's record, or cannot be valid any more: its writer must stop.
    case void
    /// It was not read back in time; it may be in the log or come into it.
    case unconfirmed
    /// It cannot be written, or is too large for the broker.
    case notWritable
}

/// Where a journal's records come from.
public protocol JournalSource: Sendable {
    /// The offset behind the last record of a partition; `nil` when the broker does not answer.
    func endOffset(of partition: Int32) async -> Int64?

    /// Reads a partition again from its first record, and says so by ``Journal/restarted(_:)`` when it begins.
    func restart(_ partition: Int32)

    /// Which partitions this process owns has changed, for sources that read only those.
    func assignmentChanged(_ partitions: Set<Int32>)
}

/// Who works on what a journal's owner may do.
public protocol JournalOwner: AnyObject, Sendable {
    /// The partition is owned and caught up: its commands may start.
    func opened(_ partition: Int32)

    /// The partition is owned by somebody else although it is still assigned: nothing more may start.
    func held(_ partition: Int32)

    /// An entry has been open for a while: somebody has to clear it up, in this lane.
    func isDue(_ key: JournalKey, lane: Lane, partition: Int32)
}

/// Times and bounds of a journal.
public struct JournalSettings: Sendable, Hashable {
    /// Partitions of the journal, as of the commands.
    public var partitions: Int32
    /// How often waiters are looked after and open entries are looked at.
    public var tick: Duration
    /// How often changes go to the index: the longer, the more states of an entry are one row, and the more a process
    /// that was killed has to read again.
    public var flushInterval: Duration
    /// Changes in memory at which they go to the index at once.
    public var changesMax: Int
    /// Changes in memory at which a process whose index fails must end.
    public var unstoredMax: Int
    /// How long a stored record may take to be read back before its writer looks again.
    public var readBackLimit: Duration
    /// How long a process waits that was told it is not the owner of a partition that it was assigned: longer than a
    /// group's session, so that one that has lost its partitions learns it before it tries.
    public var reacquireDelay: Duration
    /// Delays between attempts at writing a record.
    public var appendBackoff: Backoff
    /// Delays between attempts at clearing up an open entry.
    public var dueBackoff: Backoff
    /// How long a settled effect is kept: the longest way of its command back into the topic.
    public var settledRetention: Duration
    /// How long a caller's key is kept.
    public var claimRetention: Duration
    /// How long a payment is kept after its last change.
    public var paymentRetention: Duration
    /// How often expired entries are looked for.
    public var sweepInterval: Duration
    /// Expired entries of a partition that are ended at a time.
    public var sweepMax: Int

    /// Makes settings.
    public init(
        partitions: Int32 = 12, tick: Duration = .milliseconds(250),
        flushInterval: Duration = .seconds(1), changesMax: Int = 4000,
        unstoredMax: Int = 100_000,
        readBackLimit: Duration = .seconds(5), reacquireDelay: Duration = .seconds(12),
        appendBackoff: Backoff = Backoff(first: .milliseconds(100), cap: .seconds(2)),
        dueBackoff: Backoff = Backoff(first: .seconds(5), cap: .seconds(120)),
        settledRetention: Duration = .seconds(37 * 86_400), claimRetention: Duration = .seconds(86_400),
        paymentRetention: Duration = .seconds(180 * 86_400), sweepInterval: Duration = .seconds(60),
        sweepMax: Int = 500
    ) {
        self.partitions = partitions
        self.tick = tick
        self.flushInterval = flushInterval
        self.changesMax = changesMax
        self.unstoredMax = unstoredMax
        self.readBackLimit = readBackLimit
        self.reacquireDelay = reacquireDelay
        self.appendBackoff = appendBackoff
        self.dueBackoff = dueBackoff
        self.settledRetention = settledRetention
        self.claimRetention = claimRetention
        self.paymentRetention = paymentRetention
        self.sweepInterval = sweepInterval
        self.sweepMax = sweepMax
    }
}

/// How work that blocks is done: on a thread of its own, or in place where nothing blocks.
public struct BlockingWork: Sendable {
    private let perform: @Sendable (@escaping @Sendable () -> Void) async -> Void

    /// Takes a way to run something that blocks.
    public init(_ perform: @escaping @Sendable (@escaping @Sendable () -> Void) async -> Void) {
        self.perform = perform
    }

    /// On the calling task, for indexes that live in memory.
    public static let inPlace = BlockingWork { $0() }

    func run(_ work: @escaping @Sendable () -> Void) async { await perform(work) }
}
