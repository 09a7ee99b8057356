public import Logging
public import ServiceLifecycle
public import Shared
import Synchronization

/// Which partitions of a journal a worker follows.
public enum JournalStandby: String, Sendable, Hashable, CaseIterable {
    /// All of them, so that a takeover reads only what came last.
    case all
    /// Those that it owns; a takeover reads from where it stopped, or from the beginning.
    case assigned
}

/// Reads a journal's topic and hands its records on.
public final class JournalReader: Service, JournalSource {
    /// Longest wait for each answer of the broker about offsets.
    static let questionLimit: Duration = .seconds(5)
    /// How often a reader that has to catch up looks how far it is.
    static let catchUpInterval: Duration = .milliseconds(20)
    /// How often the distance to the end of the log is measured.
    static let lagInterval: Duration = .seconds(5)

    private enum Request: Sendable {
        case restart(Int32)
        case partitions(Set<Int32>)
    }

    private let journal: Journal
    private let topic: String
    private let partitions: Int32
    private let standby: JournalStandby
    private let reader: KafkaPartitionReader
    private let logger: Logger
    private let requests: AsyncStream<Request>
    private let requestsContinuation: AsyncStream<Request>.Continuation
    private let lagRecords = Atomic<Int64>(0)
    private let plan = Mutex(ReadingPlan(followed: [], offsets: [:]))

    /// Makes the reader of a journal, and connects the two.
    public init(
        journal: Journal, topic: String, partitions: Int32, standby: JournalStandby, configuration: KafkaConfiguration,
        logger: Logger
    ) throws(KafkaError) {
        self.journal = journal
        self.topic = topic
        self.partitions = partitions
        self.standby = standby
        self.logger = logger
        self.reader = try KafkaPartitionReader(
            configuration: configuration, headers: MessageCodec.journalHeaders, handler: { journal.received($0) },
            logger: logger)
        // A few for each rebalance.
        (requests, requestsContinuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        journal.attach(source: self)
    }

    /// Records between what was read and the end of the log, as last measured.
    public var lag: Int64 { lagRecords.load(ordering: .relaxed) }

    /// Whether a broker answers.
    public var isConnected: Bool { reader.isConnected }

    /// Waits until what is in the journal now has been read, so that partitions which this process is given then stand
    /// still for a moment only; at once where it reads no others than those.
    ///
    /// - Returns: `false` when the process stops first.
    public func catchUp() async -> Bool {
        guard standby == .all else { return true }
        guard let ends = await ends(Set(0..<partitions)) else { return false }
        var progress = CatchUp(ends: ends)
        while !progress.isDone(journal.nextOffsets, at: journal.timing.now) {
            guard await Pause.wait(for: Self.catchUpInterval) else { return false }
        }
        return true
    }

    /// Follows the journal until the process stops.
    public func run() async {
        let offsets = await journal.opened()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.reader.run() }
            group.addTask { await self.follow(offsets) }
            group.addTask { await self.measure() }
            await group.next()
            requestsContinuation.finish()
            group.cancelAll()
        }
    }

    /// The offset behind the last record of a partition.
    public func endOffset(of partition: Int32) async -> Int64? {
        let partition = KafkaPartition(topic: topic, partition: partition)
        return try? await reader.endOffsets([partition], within: Self.questionLimit).first?.offset
    }

    /// Reads a partition from its first record.
    public func restart(_ partition: Int32) { requestsContinuation.yield(.restart(partition)) }

    /// Follows other partitions, where only those that are owned are followed.
    public func assignmentChanged(_ partitions: Set<Int32>) {
        if standby == .assigned { requestsContinuation.yield(.partitions(partitions)) }
    }

    private func follow(_ offsets: [Int32: Int64]) async {
        guard let checked = await check(offsets) else { return }
        assign { [standby, partitions] in
            $0 = ReadingPlan(followed: standby == .all ? Set(0..<partitions) : [], offsets: checked)
        }
        for await request in requests {
            switch request {
            case .partitions(let changed): assign { $0.followed = changed }
            case .restart(let partition):
                // The process stops when nobody answers.
                guard let start = await starts([partition])?[partition] else { continue }
                assign { $0.restart(partition, at: start) }
            }
        }
    }

    /// Reads by a changed plan, which replaces one that may not have begun yet.
    private func assign(_ change: (inout ReadingPlan) -> Void) {
        let next = journal.nextOffsets
        let (chosen, restarting) = plan.withLock { plan in
            plan.moved(to: next)
            change(&plan)
            return (plan.chosen, plan.restarting)
        }
        let offsets = chosen.map {
            KafkaOffset(partition: KafkaPartition(topic: topic, partition: $0.partition), offset: $0.offset)
        }
        reader.assign(offsets) { [self] in
            plan.withLock { $0.begun(restarting) }
            for partition in restarting.sorted() { journal.restarted(partition) }
        }
    }

    /// Compares where reading would go on with the log; a place outside of it means that the index is of another log.
    private func check(_ offsets: [Int32: Int64]) async -> [Int32: Int64]? {
        let all = Set(0..<partitions)
        guard let starts = await starts(all), let ends = await ends(all) else { return nil }
        var checked: [Int32: Int64] = [:]
        for partition in all {
            let (start, end) = (starts[partition] ?? 0, ends[partition] ?? 0)
            let offset = offsets[partition] ?? 0
            let isKnown = offset > 0 || journal.positions[partition] ?? 0 > 0
            if isKnown, offset < start || offset >= end {
                logger.warning(
                    "the journal's index ends outside of the log and is made again",
                    metadata: .of([.partition: "\(partition)"]))
                await journal.blocking.run { [journal] in journal.forget(partition) }
            }
            checked[partition] = isKnown && offset >= start && offset < end ? offset : start
        }
        return checked
    }

    private func starts(_ partitions: Set<Int32>) async -> [Int32: Int64]? {
        await ask(partitions) { (reader, partitions) async throws(KafkaError) in
            try await reader.startOffsets(partitions, within: Self.questionLimit)
        }
    }

    private func ends(_ partitions: Set<Int32>) async -> [Int32: Int64]? {
        await ask(partitions) { (reader, partitions) async throws(KafkaError) in
            try await reader.endOffsets(partitions, within: Self.questionLimit)
        }
    }

    /// Asks until the broker answers; `nil` when the process stops first.
    private func ask(
        _ partitions: Set<Int32>,
        _ question: (KafkaPartitionReader, [KafkaPartition]) async throws(KafkaError) -> [KafkaOffset]
    ) async -> [Int32: Int64]? {
        let backoff = Backoff(first: .milliseconds(250), cap: .seconds(5))
        var attempt = 1
        let asked = partitions.sorted().map { KafkaPartition(topic: topic, partition: $0) }
        while true {
            if let found = try? await question(reader, asked) {
                return Dictionary(found.map { ($0.partition.partition, $0.offset) }, uniquingKeysWith: { $1 })
            }
            guard await Pause.wait(for: backoff.delay(afterAttempt: attempt)) else { return nil }
            attempt += 1
        }
    }

    private func measure() async {
        while await Pause.wait(for: Self.lagInterval) {
            guard let ends = await ends(Set(0..<partitions)) else { return }
            let positions = journal.positions
            let lag = ends.reduce(Int64(0)) { $0 + max(0, $1.value - (positions[$1.key] ?? 0)) }
            lagRecords.store(lag, ordering: .relaxed)
        }
    }
}
