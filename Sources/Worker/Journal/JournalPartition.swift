import Shared

/// One partition of a journal in one process: how far it was read, whose it is, and what is being appended.
///
/// A pure state machine: its driver feeds it events under a lock, and performs the actions outside.
///
/// **The offset proves the ownership.** Whoever has read the log up to its own owner's record knows the next offset. An
/// appended record that the broker acknowledges with just that offset had nobody else's record before it, so it counts
/// without being read. Otherwise the partition is read up to it, and the record is judged like any other.
struct JournalPartition: Sendable {
    /// What the partition is to this process.
    enum Role: Sendable, Hashable {
        /// Another process's, or nobody's.
        case following
        /// Assigned to this process, which does not own it yet or not any more.
        case acquiring(assignment: UInt64)
        /// Owned by this process.
        case owning(assignment: UInt64, JournalWriter)
        /// Owned by this process until somebody else is, and assigned no more: what is under way is settled.
        case leaving(JournalWriter)

        /// The writer as whom this process owns the partition.
        var writer: JournalWriter? {
            switch self {
            case .owning(_, let writer), .leaving(let writer): writer
            case .following, .acquiring: nil
            }
        }

        /// Number of the assignment.
        var assignment: UInt64? {
            switch self {
            case .owning(let assignment, _), .acquiring(let assignment): assignment
            case .following, .leaving: nil
            }
        }
    }

    /// What the driver is to do.
    enum Action: Sendable, Hashable {
        /// Read from an offset up to before another one, instead of what is being read.
        case read(from: Int64, upTo: Int64)
        /// This is known of an append now.
        case judged(UInt64, JournalLog.Verdict)
        /// Another process owns the partition: nothing more may start; try again later if it is still assigned.
        case lost(assignment: UInt64?)
        /// The log is not the one that was read: its partition is read again from its beginning.
        case reset(assignment: UInt64?)
        /// The position that somebody waits for was reached.
        case reached
        /// Ask where the log begins and ends.
        case ask
    }

    /// An acknowledged record before which something has to be read.
    private struct Unproven {
        var append: UInt64
        var reading: JournalReading
    }

    private(set) var role: Role
    /// What the log says.
    private(set) var log: JournalLog
    /// Whether a record needs a newer version of this process: nothing behind it can be read.
    private(set) var isStopped = false
    /// Whether everything was read once that the log held when it was asked for.
    private(set) var isCaughtUp = false
    /// The offset up to before which the partition is to be read.
    private var target: Int64 = 0
    /// The end of the range that is being read.
    private var reading: Int64?
    /// Records that were sent and of which nothing is known yet.
    private var outstanding = 0
    /// Acknowledged records before which something has to be read, in the order of their offsets.
    private var unproven: [Unproven] = []
    /// Appends that were acknowledged without an offset, by the ids of their records.
    private var unlocated: [JournalReading.RecordID: UInt64] = [:]
    /// Verdicts on records that were read while appends were under way: an acknowledgement may come later.
    private var readAhead: [JournalReading.RecordID: JournalLog.Verdict] = [:]
    /// Whether no reading was taken up since the log was dropped: what still arrives is of the reading before.
    private var isForgetting = false
    /// Where the reading begins that is to be taken up then.
    private var awaitedStart: Int64?
    /// How often in a row the log was seen to end before the position.
    private var endsBefore = 0

    init(_ log: JournalLog = JournalLog(), _ role: Role = .following) {
        self.log = log
        self.role = role
    }

    /// Whether commands may be worked on.
    var isOwned: Bool {
        if case .owning = role { return !isStopped }
        return false
    }

    /// Whether appends are under way, so that an end behind the position may be that of the own records.
    var isAppending: Bool { outstanding > 0 || !unproven.isEmpty || !unlocated.isEmpty }

    // MARK: - Assignment and ownership

    /// The consumer was given the partition.
    mutating func assigned(_ assignment: UInt64) { role = .acquiring(assignment: assignment) }

    /// The consumer lost the partition.
    mutating func revoked() {
        if case .owning(_, let writer) = role { role = .leaving(writer) } else { role = .following }
    }

    /// The own owner's record was judged valid; `false` when another one came behind it, or the assignment is over.
    mutating func owned(_ writer: JournalWriter, _ id: JournalReading.RecordID, _ assignment: UInt64) -> Bool {
        guard role == .acquiring(assignment: assignment), log.owner?.id == id, log.writer.epoch == writer.epoch else {
            return false
        }
        role = .owning(assignment: assignment, writer)
        return true
    }

    /// The process's producer has failed for good: what it still has under way counts no more.
    ///
    /// - Returns: the assignment under which the partition has to be taken anew.
    mutating func producerFailed() -> UInt64? {
        switch role {
        case .owning(let assignment, _):
            role = .acquiring(assignment: assignment)
            return assignment
        case .leaving: role = .following
        case .following, .acquiring: break
        }
        return nil
    }

    // MARK: - Appending

    /// A record was handed to the producer.
    mutating func sent() { outstanding += 1 }

    /// A record was refused, or was not acknowledged in time.
    mutating func failed() {
        outstanding -= 1
        forgetReadAhead()
    }

    /// A record was acknowledged.
    ///
    /// - Parameter reading: the record as a reader takes it in; its offset is negative when the broker does not say it.
    mutating func acknowledged(_ append: UInt64, _ reading: JournalReading) -> [Action] {
        outstanding -= 1
        defer { forgetReadAhead() }
        if let verdict = readAhead[reading.id] { return [.judged(append, verdict)] }
        guard !isStopped else { return [.judged(append, .late)] }
        guard reading.offset >= 0 else {
            unlocated[reading.id] = append
            return [.ask]
        }
        // It would have been read ahead: the offset was given a second time, so the log lost its end in between.
        guard reading.offset >= log.position else { return [.judged(append, .late)] + reset() }
        let isOwner = reading.subject == .owner
        if reading.offset == log.position, unproven.isEmpty, !isOwner || log.last == nil {
            return [.judged(append, log.read(reading))] + lostIfOverruled()
        }
        let place = unproven.firstIndex { $0.reading.offset > reading.offset } ?? unproven.endIndex
        unproven.insert(Unproven(append: append, reading: reading), at: place)
        // Whoever becomes the owner makes sure of the log that it has read, also when nothing came between.
        return readOn(to: unproven.last.map { $0.reading.offset } ?? log.position, isAnyway: isOwner)
    }

    // MARK: - Reading

    /// A reading was taken up at an offset.
    mutating func began(_ offset: Int64) {
        if offset == awaitedStart { (isForgetting, awaitedStart) = (false, nil) }
    }

    /// A record was read.
    mutating func received(_ record: JournalReading) -> [Action] {
        guard !isStopped, !isForgetting else { return [] }
        guard record.offset >= log.position else {
            guard let last = log.last, last.offset == record.offset, last.id != record.id else { return [] }
            return reset()
        }
        let verdict = log.read(record)
        var actions: [Action] = []
        if let first = unproven.first, first.reading.offset == record.offset {
            unproven.removeFirst()
            actions.append(.judged(first.append, verdict))
        } else if let append = unlocated.removeValue(forKey: record.id) {
            actions.append(.judged(append, verdict))
        } else if outstanding > 0 {
            readAhead[record.id] = verdict
        }
        return actions + lostIfOverruled() + proveWhatFollows()
    }

    /// A record that nobody can read stands at an offset.
    mutating func passed(_ offset: Int64) { if !isForgetting { log.pass(offset) } }

    /// A record needs a newer version of this process: nothing behind it is known of any more.
    mutating func stop() -> [Action] {
        isStopped = true
        return takeWaiting()
    }

    /// Everything below an offset was delivered; at the end of a log that can be more than its records.
    mutating func reached(_ offset: Int64) -> [Action] {
        guard !isStopped, !isForgetting else { return [] }
        if offset > 0 { log.pass(offset - 1) }
        if reading == offset { reading = nil }
        var actions = proveWhatFollows()
        if log.position < target { actions += readOn(to: target) } else { actions.append(.reached) }
        return actions
    }

    /// The log begins and ends here; asked when this process had read up to a position.
    ///
    /// - Parameter isFollowed: whether the partition is read when others write to it.
    mutating func bounded(_ bounds: Range<Int64>, askedAt position: Int64, isFollowed: Bool) -> [Action] {
        log.expire(before: bounds.lowerBound)
        guard bounds.upperBound >= position else {
            // One answer may come from a replica that was not told yet.
            endsBefore += 1
            return endsBefore > 1 ? reset() : []
        }
        endsBefore = 0
        let isBehind = bounds.upperBound > log.position
        let isWaitedFor = !unproven.isEmpty || !unlocated.isEmpty
        if isBehind, isFollowed || role != .following || isWaitedFor, !isAppending || !unlocated.isEmpty {
            return readOn(to: bounds.upperBound)
        }
        guard !isBehind else { return [] }
        isCaughtUp = true
        // What was acknowledged and is not in the log was not stored.
        let missing = unlocated.values.sorted()
        unlocated = [:]
        return missing.map { .judged($0, .late) } + [.reached]
    }

    /// The position is outside of the log, or the log is another one: nothing of what was read counts.
    mutating func reset() -> [Action] {
        let assignment = role.assignment
        log = JournalLog()
        (isForgetting, awaitedStart) = (true, nil)
        (target, reading, endsBefore) = (0, nil, 0)
        readAhead = [:]
        isCaughtUp = false
        role = assignment.map { .acquiring(assignment: $0) } ?? .following
        return takeWaiting() + [.reset(assignment: assignment)]
    }

    /// Nothing will be known of the records that wait for what stands before them.
    private mutating func takeWaiting() -> [Action] {
        defer { (unproven, unlocated) = ([], [:]) }
        return (unproven.map(\.append) + unlocated.values.sorted()).map { .judged($0, .late) }
    }

    /// Entries that were opened, changed while they are open, or closed since this was called last.
    mutating func takeChanged() -> [JournalEntryHash] { log.takeChanged() }

    /// Everything was read that the log held when it was asked for.
    mutating func caughtUp() { isCaughtUp = true }

    /// Reads up to before an offset, unless that is under way, or nothing is to be read.
    private mutating func readOn(to end: Int64, isAnyway: Bool = false) -> [Action] {
        target = max(target, end)
        guard !isStopped, target > log.position || isAnyway, reading == nil || reading ?? 0 < target else { return [] }
        reading = target
        if isForgetting { awaitedStart = readingStart }
        return [.read(from: readingStart, upTo: target)]
    }

    /// The last record that was read comes along: when another one stands there, the log has lost its end meanwhile,
    /// and was written on past the position before anybody asked where it ends.
    private var readingStart: Int64 {
        guard let last = log.last, last.offset >= log.entries.first else { return log.position }
        return min(last.offset, log.position)
    }

    /// Acknowledged records that stand right behind what was read need not be read themselves.
    private mutating func proveWhatFollows() -> [Action] {
        var actions: [Action] = []
        while let next = unproven.first, next.reading.offset <= log.position {
            unproven.removeFirst()
            // What was read at its place is not what was acknowledged.
            guard next.reading.offset == log.position else { return actions + [.judged(next.append, .late)] + reset() }
            actions.append(.judged(next.append, log.read(next.reading)))
        }
        return actions + lostIfOverruled()
    }

    private mutating func lostIfOverruled() -> [Action] {
        guard let writer = role.writer, log.writer.epoch > writer.epoch else { return [] }
        guard case .owning(let assignment, _) = role else {
            role = .following
            return []
        }
        role = .acquiring(assignment: assignment)
        return [.lost(assignment: assignment)]
    }

    private mutating func forgetReadAhead() {
        if outstanding == 0 { readAhead = [:] }
    }
}
