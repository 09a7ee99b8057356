import Dispatch
public import Shared

/// What became of a record that was appended to a journal.
enum AppendOutcome: Sendable, Hashable {
    /// Its writer owned the partition, and knew all that is in the log about the entry.
    case valid
    /// Its writer does not own the partition any more, or did not know the entry as it is: it must stop.
    case void
    /// Nothing is known of it in time; it may be in the log or come into it.
    case unconfirmed
    /// It cannot be written, or is too large for the broker.
    case notWritable
}

/// Where a journal's records come from, and where they stand.
///
/// What is read arrives through ``Journal/began(_:of:)``, ``Journal/received(_:of:)``, ``Journal/reached(_:of:)`` and
/// ``Journal/outOfLog(_:)``.
public protocol JournalSource: Sendable {
    /// Reads a partition from an offset up to before another one, instead of what was being read of it.
    func read(_ partition: Int32, from offset: Int64, upTo end: Int64)

    /// The record at an offset; `nil` when there is none, since it was compacted or has expired.
    func record(at offset: Int64, of partition: Int32) async throws -> KafkaMessage?

    /// The first offset and the end of partitions, in one question; `nil` when no broker answers, and without those
    /// that it does not know at this moment.
    func bounds(of partitions: Set<Int32>) async -> [Int32: Range<Int64>]?
}

/// Who works on what a journal's owner may do.
public protocol JournalOwner: AnyObject, Sendable {
    /// The partition is owned: its commands may start.
    func opened(_ partition: Int32)

    /// The partition is owned no more although it is still assigned: nothing more may start.
    func held(_ partition: Int32)

    /// An entry has been open for a while: somebody has to clear it up, in this lane.
    func isDue(_ key: JournalKey, lane: Lane, partition: Int32)
}

/// Which partitions of a journal a worker follows.
public enum JournalStandby: String, Sendable, Hashable, CaseIterable {
    /// All of them, so that a takeover reads only what came last.
    case all
    /// Those that it owns; a takeover reads from where it stopped, or from the beginning.
    case assigned
}

/// Times and bounds of a journal.
public struct JournalSettings: Sendable, Hashable {
    /// Partitions of the journal, as of the commands.
    public var partitions: Int32
    /// Which partitions are followed.
    public var standby: JournalStandby
    /// How often waiters are looked after and open entries are looked at.
    public var tick: Duration
    /// How often the ends of all partitions are asked for.
    public var boundsInterval: Duration
    /// How long the acknowledgement of a record may take before its writer looks again.
    public var appendLimit: Duration
    /// How long a process waits that was told it is not the owner of a partition that it was assigned: longer than a
    /// group's session, so that one that has lost its partitions learns it before it tries.
    public var reacquireDelay: Duration
    /// Delays between attempts at writing a record.
    public var appendBackoff: Backoff
    /// Delays between attempts at clearing up an open entry.
    public var dueBackoff: Backoff
    /// How long the broker keeps a record that no later one has replaced; open entries are written again before.
    public var retention: Duration
    /// Bytes of recent values that are kept in memory.
    public var cacheBytesMax: Int

    /// Makes settings.
    public init(
        partitions: Int32 = 12, standby: JournalStandby = .all, tick: Duration = .milliseconds(250),
        boundsInterval: Duration = .seconds(1), appendLimit: Duration = .seconds(5),
        reacquireDelay: Duration = .seconds(12),
        appendBackoff: Backoff = Backoff(first: .milliseconds(100), cap: .seconds(2)),
        dueBackoff: Backoff = Backoff(first: .seconds(5), cap: .seconds(120)),
        retention: Duration = .seconds(180 * 86_400), cacheBytesMax: Int = 32 << 20
    ) {
        self.partitions = partitions
        self.standby = standby
        self.tick = tick
        self.boundsInterval = boundsInterval
        self.appendLimit = appendLimit
        self.reacquireDelay = reacquireDelay
        self.appendBackoff = appendBackoff
        self.dueBackoff = dueBackoff
        self.retention = retention
        self.cacheBytesMax = cacheBytesMax
    }
}

/// What is known of an entry: the record that is its state, and answers of earlier owners that came too late.
struct JournalEntry: Sendable {
    /// The position in the log up to which this was read: a record behind it is not taken into account.
    var known: Int64
    /// The state; `nil` when nothing is known.
    var state: JournalStoredRecord?
    /// Records of lower writers that state a fact which the state's writer had not read, in the order of the log.
    var facts: [JournalStoredRecord] = []
    /// Whether a late record has to be taken into account: the owner writes the entry again.
    var hasLate = false
    /// Whether the state itself is such a record: its writer did not own the partition, and published nothing of it.
    var isStateLate = false
}

/// An entry cannot be loaded.
enum JournalLoadError: Error, Sendable, Hashable {
    /// The index names a record that is none of the entry; the partition is read again.
    case indexDamaged
    /// The broker did not give the record in time.
    case unavailable
}

/// Work that blocks a thread, kept off the threads that tasks run on.
enum BlockingWork {
    private static let queue = DispatchQueue(label: "pgm.journal", attributes: .concurrent)

    static func run(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            queue.async {
                work()
                continuation.resume()
            }
        }
    }
}
