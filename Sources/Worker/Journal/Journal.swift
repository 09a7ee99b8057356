public import Logging
public import Shared
import Synchronization

/// The memory of one provider's workers: what they attempted, what came of it, and who may attempt what.
///
/// It knows entries as opaque bytes. Its methods are called from many tasks; all state is behind one lock, which is
/// never held while anything is waited for.
public final class Journal: Sendable {
    /// Who waits for what became of a record.
    struct Waiter {
        /// The entry, and the position up to which its writer knew it.
        var entry: JournalEntryHash?
        var known: Int64 = 0
        var answer: Answer?
        var continuation: UnsafeContinuation<Answer, Never>?
        var deadline: Duration = .zero
    }

    /// Who is told what became of a record.
    struct Resumption {
        let continuation: UnsafeContinuation<Answer, Never>
        let answer: Answer
    }

    /// Who waits until a partition was read up to an offset.
    struct PositionWaiter {
        let partition: Int32
        let offset: Int64
        let continuation: UnsafeContinuation<Void, Never>
    }

    /// What is known of a record that was sent.
    enum Answer: Sendable {
        case judged(JournalLog.Verdict)
        case stored
        case failed(KafkaSendError)
        /// Nothing, and the time is over.
        case silence
    }

    /// What an open entry needs besides what the log says: times on this process's clock.
    struct Due: Sendable {
        var offset: Int64
        var attempt: String
        var seen: Duration
        var at: Duration
        var times = 0
    }

    struct State {
        var partitions: [Int32: JournalPartition] = [:]
        var open: Set<Int32> = []
        var due: [Int32: [JournalEntryHash: Due]] = [:]
        var waiters: [UInt64: Waiter] = [:]
        var positions: [PositionWaiter] = []
        /// The offset behind the last record of each partition, as last asked.
        var ends: [Int32: Int64] = [:]
        var cache: JournalCache
        var assignments: UInt64 = 0
        var lacksKeys = false
        var source: (any JournalSource)?
        /// Whether the kept index was taken over, where there can be one: until then nothing is read.
        var isRestored: Bool
    }

    /// What has to be done outside of the lock.
    enum Event: Sendable {
        case acquire(Int32, assignment: UInt64, isAgain: Bool)
        case ask
    }

    let provider: ProviderName
    let instance: String
    let codec: MessageCodec
    let sender: any RecordSender
    let settings: JournalSettings
    let timing: Timing
    let clock: WallClock
    let logger: Logger
    let hash: JournalHash
    let snapshots: JournalSnapshotStore?
    let state: Mutex<State>
    let serial = Atomic<UInt64>(0)
    let owner = Mutex<(any JournalOwner)?>(nil)
    let events: AsyncStream<Event>
    let eventsContinuation: AsyncStream<Event>.Continuation
    let metrics: JournalMetrics

    /// Makes the journal of one provider; connect it with ``attach(_:)`` and ``attach(source:)`` before running.
    ///
    /// - Parameter snapshots: where the index is kept; without it the log is read from its beginning at each start.
    public init(
        provider: ProviderName, instance: String, codec: MessageCodec, sender: any RecordSender,
        settings: JournalSettings, snapshots: JournalSnapshotStore? = nil, timing: Timing = .system,
        clock: WallClock, logger: Logger
    ) {
        self.provider = provider
        self.instance = instance
        self.codec = codec
        self.sender = sender
        self.settings = settings
        self.hash = snapshots?.hash ?? JournalHash()
        self.snapshots = snapshots
        self.timing = timing
        self.clock = clock
        self.logger = logger
        self.metrics = JournalMetrics(provider: provider)
        var state = State(cache: JournalCache(bytesMax: settings.cacheBytesMax), isRestored: snapshots == nil)
        for number in 0..<settings.partitions { state.partitions[number] = JournalPartition() }
        self.state = Mutex(state)
        // A few for each rebalance.
        (events, eventsContinuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Connects who is told of ownership.
    public func attach(_ owner: any JournalOwner) { self.owner.withLock { $0 = owner } }

    /// Connects where records come from.
    public func attach(source: any JournalSource) { state.withLock { $0.source = source } }

    // MARK: - What others see

    /// Whether everything was read that the log held at the start, and the partitions of this process are owned.
    public var isReady: Bool {
        state.withLock { state in
            state.partitions.allSatisfy { number, partition in
                let isFollowed = settings.standby == .all || partition.role.assignment != nil
                return !partition.isStopped && (!isFollowed || partition.isCaughtUp)
                    && (partition.role.assignment == nil || partition.isOwned && state.open.contains(number))
            }
        }
    }

    /// Entries that wait to be cleared up, in partitions that this process owns.
    public var openCount: Int {
        state.withLock { state in
            state.partitions.values.reduce(0) { $0 + ($1.isOwned ? $1.log.open.count : 0) }
        }
    }

    /// Entries in the index, and its bytes.
    public var size: (entries: Int, bytes: Int) {
        state.withLock { state in
            state.partitions.values.reduce((0, 0)) { ($0.0 + $1.log.entries.count, $0.1 + $1.log.entries.bytes) }
        }
    }

    /// Records between what was read of the partitions that are followed and the end of the log, as last measured.
    public var lag: Int64 {
        state.withLock { state in
            state.ends.reduce(0) { $0 + max(0, $1.value - (state.partitions[$1.key]?.log.position ?? 0)) }
        }
    }

    /// How far each partition was read.
    public var positions: [Int32: Int64] { state.withLock { $0.partitions.mapValues { $0.log.position } } }

    /// Ids of the keys that records of the log are sealed with, and when each was used last, Unix milliseconds.
    public var sealingKeys: [String: Int64] {
        state.withLock { state in
            state.partitions.values.reduce(into: [:]) { all, partition in
                all.merge(partition.log.sealingKeys) { max($0, $1) }
            }
        }
    }

    /// The epoch of this process's ownership of a partition that is open; `nil` when it owns it not.
    func epoch(of partition: Int32) -> Int64? {
        state.withLock { state in
            guard let found = state.partitions[partition], found.isOwned, state.open.contains(partition) else {
                return nil
            }
            return found.role.writer?.epoch
        }
    }

    /// A new id for an attempt or a record.
    func makeID(_ commandID: String, epoch: Int64) -> String {
        commandID + "." + String(epoch) + "." + instance + "."
            + String(serial.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    // MARK: - Entries

    /// Loads an entry as the log has it up to where it was read, from the cache or from the log.
    ///
    /// - Throws: ``JournalLoadError``, or ``MessageError`` for a record that this process cannot read.
    func load(_ key: JournalKey, of partition: Int32) async throws -> JournalEntry {
        try await load(hash.of(key), of: partition) { $0.entry == key }
    }

    /// The entry that a caller's key leads to; `nil` when it leads to none.
    func key(of claim: JournalClaim, in partition: Int32) async throws -> JournalKey? {
        let found = state.withLock { $0.partitions[partition]?.log.claims.entry(of: claim) }
        guard let found else { return nil }
        return try await load(found, of: partition).state?.key.entry
    }

    /// Loads an entry of which only the hash is known.
    func load(_ hash: JournalEntryHash, of partition: Int32) async throws -> JournalEntry {
        try await load(hash, of: partition) { _ in true }
    }

    private func load(
        _ hash: JournalEntryHash, of partition: Int32, _ isWanted: (JournalRecordKey) -> Bool
    ) async throws -> JournalEntry {
        // A record can be compacted away just when a later one has replaced it: then the later one is read.
        for _ in 0..<Self.loadsMax {
            var entry = JournalEntry(known: 0)
            var records: [JournalStoredRecord] = []
            let (places, late, cached) = state.withLock { state in
                let log = state.partitions[partition]?.log
                let places = log?.places(of: hash) ?? []
                let late = log?.late[hash] ?? []
                entry.known = log?.position ?? 0
                entry.hasLate = !late.isEmpty
                return (places, late, places.map { state.cache.record(at: $0, of: partition) })
            }
            for (place, cached) in zip(places, cached) {
                if let record = if let cached { cached } else { try await fetch(place, partition) } {
                    guard isWanted(record.key), self.hash.of(record.key.entry) == hash else {
                        damaged(partition)
                        throw JournalLoadError.indexDamaged
                    }
                    records.append(record)
                }
            }
            let isCurrent = state.withLock { $0.partitions[partition]?.log.places(of: hash) ?? [] } == places
            if isCurrent, records.count == places.count || places.count > 1 && !records.isEmpty {
                entry.choose(from: records)
                entry.isStateLate = entry.state.map { late.contains($0.offset) } ?? false
                return entry
            }
            if isCurrent { break }
        }
        throw JournalLoadError.unavailable
    }

    private static let loadsMax = 3

    private func fetch(_ offset: Int64, _ partition: Int32) async throws -> JournalStoredRecord? {
        guard let source = state.withLock({ $0.source }) else { throw JournalLoadError.unavailable }
        metrics.loaded()
        let message: KafkaMessage?
        do {
            message = try await source.record(at: offset, of: partition)
        } catch {
            throw JournalLoadError.unavailable
        }
        guard let message else { return nil }
        let record = try codec.journalRecord(from: message)
        state.withLock { state in
            state.cache.keep(
                offset, of: partition, key: message.key ?? [],
                mark: message.header(MessageHeaderName.journalMark) ?? [],
                value: record.value, timestampMilliseconds: record.timestampMilliseconds)
        }
        return record
    }

    private func damaged(_ partition: Int32) {
        logger.error(
            "the index names another record than its entry's; the partition is read again",
            metadata: .of([.partition: "\(partition)"]))
        outOfLog(partition)
    }

    /// Opens what is sealed in a record.
    func content<Content: Decodable>(
        _ type: Content.Type, of record: JournalStoredRecord
    ) throws(MessageError) -> Content {
        try codec.journalContent(type, from: record.value, key: record.key.entry, of: provider)
    }

    /// The name of an unsettled entry of a group; `nil` when there is none.
    func openEntry(ofGroup group: String, in partition: Int32) async throws -> JournalKey? {
        let found = state.withLock { state -> (JournalEntryHash, JournalKey?)? in
            let log = state.partitions[partition]?.log
            guard let hash = log?.groups[group]?.first else { return nil }
            return (hash, log?.open[hash]?.key)
        }
        guard let (hash, key) = found else { return nil }
        if let key { return key }
        return try await load(hash, of: partition).state?.key.entry
    }

    /// How long ago this process first read that an attempt is at this stage; zero when it has not.
    func age(of mark: JournalMark, _ key: JournalKey, in partition: Int32) -> Duration {
        let now = timing.now
        let hash = hash.of(key)
        return state.withLock { state in
            guard let due = state.due[partition]?[hash], due.attempt == mark.stage.rawValue + mark.attemptID else {
                return .zero
            }
            return now - due.seen
        }
    }

    /// Whether a record has to be written again, lest the broker forget it.
    func isAgeing(_ record: JournalStoredRecord) -> Bool {
        guard record.timestampMilliseconds > 0 else { return false }
        return .milliseconds(clock.unixMilliseconds - record.timestampMilliseconds) > settings.retention / 2
    }
}

extension JournalEntry {
    /// The state is the last record of the highest writer; of the others, facts count that its writer had not read.
    mutating func choose(from records: [JournalStoredRecord]) {
        let chosen = records.max { ($0.key.writer, $0.offset) < ($1.key.writer, $1.offset) }
        guard let chosen else { return }
        state = chosen
        facts = records.filter { record in
            record.key.writer < chosen.key.writer && record.mark.isFact && record.offset >= chosen.mark.known
        }.sorted { $0.offset < $1.offset }
    }
}
