public import Logging
public import Shared
import Synchronization

/// The memory of one provider's workers: what they attempted, what came of it, and who may attempt what.
///
/// Records come back from the topic through ``received(_:)``; nothing counts before it was read there. The methods are
/// called from many tasks; all state is behind one lock, which is never held while anything is waited for.
public final class Journal: Sendable {
    /// What is known of one partition.
    struct Partition: Sendable {
        var log = JournalLog()
        /// The checkpoint to be confirmed by the record before it; `nil` once that is done.
        var expected: JournalCheckpoint?
        /// Whether the partition cannot be followed any more: a record needs a newer version, or the index fails.
        var isStopped = false
        /// Whether what arrives is of a reading that was given up.
        var isRestarting = false
        /// Number of the consumer's assignment; `nil` while the partition is not assigned.
        var assignment: UInt64?
        /// Id of the owner record that this process has written and not read back.
        var candidate: String?
        /// Epoch of this process's ownership.
        var epoch: Int64?
        /// Whether the owner was told.
        var isOpen = false
        /// When an unsettled attempt was first read to be where it is, on this process's clock.
        var seen: [JournalKey: (attempt: String, at: Duration)] = [:]
        /// When an open entry is looked at again, and how often it was.
        var due: [JournalKey: (times: Int, at: Duration)] = [:]

        /// A partition that is read anew does not forget that this process is about to own it.
        func keepingOwnership(of other: Partition?) -> Partition {
            var kept = self
            kept.assignment = other?.assignment
            kept.candidate = other?.candidate
            return kept
        }
    }

    /// Somebody who waits for a record to be read back.
    struct Waiter {
        var verdict: JournalLog.Verdict?
        /// Why the broker did not acknowledge it, until somebody has taken note.
        var failure: KafkaSendError?
        var continuation: UnsafeContinuation<Answer, Never>?
        var deadline: Duration = .zero
    }

    /// What is known of a record that was sent.
    enum Answer: Sendable {
        case verdict(JournalLog.Verdict)
        case failed(KafkaSendError)
        /// Nothing, and the time is over.
        case silence
    }

    struct State {
        var partitions: [Int32: Partition] = [:]
        var waiters: [String: Waiter] = [:]
        var assignments: UInt64 = 0
        var source: (any JournalSource)?
        /// Why the index did not take what it was last given; `nil` when it did.
        var indexFailure: JournalIndexError?
    }

    /// What has to be done outside of the lock.
    enum Event: Sendable {
        case acquire(Int32, assignment: UInt64, isAgain: Bool)
        case owned(Int32)
        case repair(Int32, JournalKey)
        case indexLost(Int32)
    }

    let provider: ProviderName
    let instance: String
    let codec: MessageCodec
    let sender: any RecordSender
    let index: any JournalIndex
    let settings: JournalSettings
    let timing: Timing
    let clock: WallClock
    let blocking: BlockingWork
    let logger: Logger
    let state = Mutex(State())
    private let serial = Atomic<UInt64>(0)
    let flushing = Mutex(())
    let owner = Mutex<(any JournalOwner)?>(nil)
    let events: AsyncStream<Event>
    let eventsContinuation: AsyncStream<Event>.Continuation
    let metrics: JournalMetrics
    let faults: DeliberateFaults

    /// Makes the journal of one provider; connect it with ``attach(_:)`` and ``attach(source:)`` before running.
    public convenience init(
        provider: ProviderName, instance: String, codec: MessageCodec, sender: any RecordSender,
        index: any JournalIndex, settings: JournalSettings, timing: Timing = .system, clock: WallClock,
        blocking: BlockingWork, logger: Logger
    ) {
        self.init(
            provider: provider, instance: instance, codec: codec, sender: sender, index: index, settings: settings,
            timing: timing, clock: clock, blocking: blocking, logger: logger, faults: [])
    }

    /// Makes a journal that breaks rules on purpose.
    init(
        provider: ProviderName, instance: String, codec: MessageCodec, sender: any RecordSender,
        index: any JournalIndex, settings: JournalSettings, timing: Timing, clock: WallClock, blocking: BlockingWork,
        logger: Logger, faults: DeliberateFaults
    ) {
        self.faults = faults
        self.provider = provider
        self.instance = instance
        self.codec = codec
        self.sender = sender
        self.index = index
        self.settings = settings
        self.timing = timing
        self.clock = clock
        self.blocking = blocking
        self.logger = logger
        self.metrics = JournalMetrics(provider: provider)
        // At most a few for each partition and for each void record.
        (events, eventsContinuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Connects who is told of ownership.
    public func attach(_ owner: any JournalOwner) { self.owner.withLock { $0 = owner } }

    /// Connects where records come from.
    public func attach(source: any JournalSource) { state.withLock { $0.source = source } }

    /// Reads what the index knows, and says from which offset each partition is to be read: from the record before the
    /// checkpoint, which proves that this is still the same log, or from the beginning.
    public func open() -> [Int32: Int64] {
        var offsets: [Int32: Int64] = [:]
        for number in 0..<settings.partitions {
            var partition = stored(number)
            partition.log.faults = faults
            offsets[number] = partition.expected.map { $0.position - 1 } ?? 0
            let opened = partition
            state.withLock { state in
                // The consumer may have been given it before.
                state.partitions[number] = opened.keepingOwnership(of: state.partitions[number])
            }
        }
        return offsets
    }

    /// ``open()``, on a thread where it may block.
    func opened() async -> [Int32: Int64] {
        let offsets = Mutex<[Int32: Int64]>([:])
        await blocking.run {
            let found = self.open()
            offsets.withLock { $0 = found }
        }
        return offsets.withLock { $0 }
    }

    private func stored(_ number: Int32) -> Partition {
        var partition = Partition()
        do {
            guard let checkpoint = try index.checkpoint(of: number), checkpoint.position > 0,
                !checkpoint.lastRecord.isEmpty
            else {
                try index.reset(number)
                return partition
            }
            partition.log = JournalLog(checkpoint, attention: try index.attentionRows(of: number))
            partition.expected = checkpoint
            let now = timing.now
            for (key, row) in partition.log.attention { note(row, key, &partition, at: now) }
        } catch {
            logger.warning(
                "the journal's index cannot be read and is made again", metadata: .of([.partition: "\(number)"]))
            try? index.reset(number)
        }
        return partition
    }

    /// Whether every partition that is assigned is owned and open, and the index takes what is read.
    public var isReady: Bool {
        state.withLock { state in
            state.indexFailure == nil
                && state.partitions.values.allSatisfy { !$0.isStopped && ($0.assignment == nil || $0.isOpen) }
        }
    }

    /// Entries that wait to be cleared up, in partitions that this process owns.
    public var openCount: Int {
        state.withLock { state in
            state.partitions.values.reduce(0) { $0 + ($1.epoch == nil ? 0 : $1.log.attention.count) }
        }
    }

    /// From which offset each partition is to be read on: the one behind what was read, or that of the record which has
    /// to confirm the index.
    var nextOffsets: [Int32: Int64] {
        state.withLock { state in
            state.partitions.mapValues { partition in
                partition.expected.map { $0.position - 1 } ?? partition.log.position
            }
        }
    }

    /// How far each partition was read.
    public var positions: [Int32: Int64] { state.withLock { $0.partitions.mapValues { $0.log.position } } }

    /// The epoch of this process's ownership of a partition that is open; `nil` when it owns it not.
    func epoch(of partition: Int32) -> Int64? {
        state.withLock { state in
            guard let found = state.partitions[partition], found.isOpen else { return nil }
            return found.epoch
        }
    }

    /// A new id for an attempt or a record.
    func makeID(_ commandID: String, epoch: Int64) -> String {
        commandID + "." + String(epoch) + "." + instance + "."
            + String(serial.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    // MARK: - Entries

    /// The valid state of an entry as far as this process has read.
    func row(_ key: JournalKey, of partition: Int32) async throws -> JournalRow? {
        let changed: JournalRow?? = state.withLock { $0.partitions[partition]?.log.changedRow(key) ?? nil }
        let row: JournalRow?
        if let changed {
            row = changed
        } else {
            do {
                row = try await index.row(key, of: partition)
            } catch JournalIndexError.lost {
                eventsContinuation.yield(.indexLost(partition))
                throw JournalIndexError.lost
            }
        }
        return row?.value == nil ? nil : row
    }

    /// The content of an entry; `nil` when there is none.
    func entry<Content: Decodable & Sendable>(
        _ type: Content.Type, _ key: JournalKey, of partition: Int32
    ) async throws -> (content: Content, mark: JournalMark)? {
        guard let row = try await row(key, of: partition), let value = row.value else { return nil }
        return (try codec.journalContent(type, from: value, key: key, of: provider), row.mark)
    }

    /// The open entry of a group.
    func openEntry(ofGroup group: String, in partition: Int32) -> JournalKey? {
        state.withLock { $0.partitions[partition]?.log.openGroups[group] }
    }

    /// How long ago this process first read that an attempt is at this stage; zero when it has not.
    func age(of mark: JournalMark, _ key: JournalKey, in partition: Int32) -> Duration {
        let now = timing.now
        return state.withLock { state in
            guard let seen = state.partitions[partition]?.seen[key], seen.attempt == Self.stageID(mark) else {
                return .zero
            }
            return now - seen.at
        }
    }

    private static func stageID(_ mark: JournalMark) -> String { mark.stage.rawValue + mark.attemptID }

    func note(_ row: JournalRow?, _ key: JournalKey, _ partition: inout Partition, at now: Duration) {
        if let row, row.mark.stage.isUnsettled, row.value != nil {
            let attempt = Self.stageID(row.mark)
            if partition.seen[key]?.attempt != attempt { partition.seen[key] = (attempt, now) }
        } else {
            partition.seen[key] = nil
        }
        if let row, row.mark.isOpen, row.value != nil {
            if partition.due[key] == nil {
                partition.due[key] = (0, now + settings.dueBackoff.first)
            }
        } else {
            partition.due[key] = nil
        }
    }
}
