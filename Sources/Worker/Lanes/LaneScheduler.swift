public import Shared

/// What is worked on in a lane.
public enum LaneWork: Sendable {
    /// A record of the topic.
    case record(KafkaMessage)
    /// An entry of the journal that has been open for a while.
    case due(JournalKey)
}

/// Decides which work of which lane runs next: never two of one lane, many lanes at once, within bounds.
///
/// A pure state machine: the driver feeds it events under a lock and performs the actions outside.
///
/// A lane is *idle* (not stored), *ready* (has waiting records, none running, queued for a slot) or *running* (one
/// record runs, others wait). A record of a partition that was revoked meanwhile keeps its lane busy until it ends,
/// so that the same record delivered again cannot run beside it.
///
/// A partition is *held* from its assignment until its journal is owned, and whenever that is lost: what is read waits,
/// and what ran and could not go on is put back at the head of its lane.
struct LaneScheduler: Sendable {
    /// Bounds; at one of them reading pauses until half is free.
    struct Limits: Sendable, Hashable {
        /// Records that run at once.
        var inFlightMax: Int
        /// Records that wait in one lane.
        var waitingPerLaneMax: Int
        /// Records in memory, running ones included.
        var bufferedMax: Int
        /// Distance from the lowest unfinished to the highest read offset of a partition.
        var spanMax: Int64
    }

    /// Work on its way.
    struct Work: Sendable {
        /// Tells this delivery from an earlier one of the same record.
        let assignment: UInt64
        let lane: LaneKey
        let content: LaneWork

        var partition: KafkaPartition { lane.partition }

        /// Offset of a record.
        var offset: Int64? {
            if case .record(let message) = content { return message.offset }
            return nil
        }
    }

    /// How work ended.
    enum Ending: Sendable, Hashable {
        /// It is done.
        case done
        /// It is to be begun again, before anything else of its lane.
        case again
        /// It is not done, and not this process's any more.
        case left
    }

    /// Partition and key; a record without key is a lane of its own.
    struct LaneKey: Sendable, Hashable {
        var partition: KafkaPartition
        var key: [UInt8]
        var offset: Int64?
    }

    /// What the driver is to do.
    enum Action: Sendable {
        case start(Work)
        case pauseReading
        case resumeReading
    }

    private struct LaneState {
        var waiting: [Work] = []
        var isRunning = false
    }

    private struct PartitionState {
        var assignment: UInt64
        var tracker = OffsetTracker()
        var isStopped = false
        var isDraining = false
        var isHeld: Bool
        /// Entries for which work waits or runs.
        var due: Set<JournalKey> = []

        var accepts: Bool { !isStopped && !isDraining }
        var starts: Bool { accepts && !isHeld }
    }

    private let limits: Limits
    private var partitions: [KafkaPartition: PartitionState] = [:]
    private var lanes: [LaneKey: LaneState] = [:]
    private var ready: [LaneKey] = []
    private var readyHead = 0
    private var runningByPartition: [KafkaPartition: Int] = [:]
    private var lanesAtBound: Set<LaneKey> = []
    private var partitionsAtBound: Set<KafkaPartition> = []
    private var assignments: UInt64 = 0
    private var buffered = 0
    private var running = 0
    private var isReadingPaused = false

    init(limits: Limits) {
        self.limits = limits
    }

    /// Records that run now.
    var runningCount: Int { running }

    /// Records in memory.
    var bufferedCount: Int { buffered }

    /// Partitions that are assigned, and those of them that are stopped.
    var partitionCounts: (assigned: Int, stopped: Int) {
        (partitions.values.count { !$0.isDraining }, partitions.values.count { $0.isStopped })
    }

    /// Takes over partitions: from now on their records are accepted, and started once the partition is not held.
    mutating func assigned(_ taken: [KafkaPartition], areHeld: Bool = false) {
        for (partition, state) in partitions where state.isDraining { partitions[partition] = nil }
        for partition in taken {
            assignments += 1
            partitions[partition] = PartitionState(assignment: assignments, isHeld: areHeld)
        }
    }

    /// Starts nothing of a partition until it is opened.
    mutating func held(_ partition: KafkaPartition) {
        partitions[partition]?.isHeld = true
    }

    /// Starts what waits in a partition that was held.
    mutating func opened(_ partition: KafkaPartition) -> [Action] {
        guard partitions[partition]?.isHeld == true else { return [] }
        partitions[partition]?.isHeld = false
        let waiting = lanes.filter { $0.key.partition == partition && !$0.value.isRunning && !$0.value.waiting.isEmpty }
        // In the order in which they were read, so that a run can be repeated.
        ready += waiting.sorted { ($0.value.waiting[0].offset ?? 0) < ($1.value.waiting[0].offset ?? 0) }.map(\.key)
        return startReady() + flowControl()
    }

    /// Queues work on an entry behind what waits in its lane, unless some waits already.
    mutating func due(_ key: JournalKey, lane: [UInt8], in partition: KafkaPartition) -> [Action] {
        guard let state = partitions[partition], state.starts, !state.due.contains(key) else { return [] }
        partitions[partition]?.due.insert(key)
        let lane = LaneKey(partition: partition, key: lane, offset: nil)
        enqueue(Work(assignment: state.assignment, lane: lane, content: .due(key)))
        return startReady() + flowControl()
    }

    /// Queues records; those of partitions that are not assigned or stopped, and repeated offsets, are dropped.
    mutating func received(_ batch: [KafkaMessage]) -> [Action] {
        for message in batch {
            let partition = KafkaPartition(topic: message.topic, partition: message.partition)
            guard var state = partitions[partition], state.accepts, state.tracker.read(message.offset) else {
                continue
            }
            if state.tracker.span >= limits.spanMax { partitionsAtBound.insert(partition) }
            partitions[partition] = state
            let lane = LaneKey(
                partition: partition, key: message.key ?? [], offset: message.key == nil ? message.offset : nil)
            enqueue(Work(assignment: state.assignment, lane: lane, content: .record(message)))
        }
        return startReady() + flowControl()
    }

    /// Work has ended; the offset of a record that is not done stays uncommitted.
    mutating func finished(_ work: Work, _ ending: Ending) -> [Action] {
        running -= 1
        let partition = work.partition
        runningByPartition[partition, default: 1] -= 1
        if runningByPartition[partition] == 0 { runningByPartition[partition] = nil }
        let isCurrent = partitions[partition].map { $0.assignment == work.assignment } ?? false
        let isAgain = ending == .again && isCurrent && partitions[partition]?.accepts == true
        if !isAgain { buffered -= 1 }
        if isCurrent, !isAgain { conclude(work, ending) }
        if var lane = lanes[work.lane] {
            lane.isRunning = false
            if isAgain { lane.waiting.insert(work, at: 0) }
            if lane.waiting.isEmpty {
                lanes[work.lane] = nil
            } else {
                lanes[work.lane] = lane
                ready.append(work.lane)
            }
        }
        return startReady() + flowControl()
    }

    private mutating func conclude(_ work: Work, _ ending: Ending) {
        let partition = work.partition
        if case .due(let key) = work.content { partitions[partition]?.due.remove(key) }
        guard ending == .done, let offset = work.offset, var state = partitions[partition] else { return }
        state.tracker.finish(offset)
        partitions[partition] = state
        if state.tracker.span <= limits.spanMax / 2 { partitionsAtBound.remove(partition) }
    }

    /// Gives partitions up: nothing more of them starts, what runs goes on and still counts for the last commit.
    mutating func draining(_ given: [KafkaPartition]) -> [Action] {
        for partition in given {
            dropWaiting(of: partition)
            partitions[partition]?.isDraining = true
            partitionsAtBound.remove(partition)
        }
        return startReady() + flowControl()
    }

    /// Stops a partition at a record that this process cannot read: nothing behind it starts, its offset stays.
    mutating func stopped(_ partition: KafkaPartition) -> [Action] {
        partitions[partition]?.isStopped = true
        dropWaiting(of: partition)
        // Its span cannot shrink any more, and must not keep the other partitions from being read.
        partitionsAtBound.remove(partition)
        return flowControl()
    }

    /// Whether any partition is stopped.
    var hasStoppedPartition: Bool { partitions.values.contains { $0.isStopped } }

    /// How many records of these partitions run.
    func running(in given: [KafkaPartition]) -> Int {
        given.reduce(0) { $0 + (runningByPartition[$1] ?? 0) }
    }

    /// Per assigned partition the offset below which everything is done.
    func committableOffsets() -> [KafkaOffset] {
        partitions.compactMap { partition, state in
            state.tracker.committable.map { KafkaOffset(partition: partition, offset: $0) }
        }
    }

    private mutating func enqueue(_ work: Work) {
        buffered += 1
        var lane = lanes[work.lane] ?? LaneState()
        let wasIdle = !lane.isRunning && lane.waiting.isEmpty
        lane.waiting.append(work)
        if lane.waiting.count >= limits.waitingPerLaneMax { lanesAtBound.insert(work.lane) }
        lanes[work.lane] = lane
        if wasIdle, partitions[work.partition]?.starts == true { ready.append(work.lane) }
    }

    private mutating func startReady() -> [Action] {
        var actions: [Action] = []
        while running < limits.inFlightMax, readyHead < ready.count {
            let key = ready[readyHead]
            readyHead += 1
            guard var lane = lanes[key], !lane.isRunning, !lane.waiting.isEmpty else { continue }
            // What is held comes back when its partition opens.
            guard partitions[key.partition]?.starts == true else { continue }
            let work = lane.waiting.removeFirst()
            lane.isRunning = true
            if lane.waiting.count <= limits.waitingPerLaneMax / 2 { lanesAtBound.remove(key) }
            lanes[key] = lane
            running += 1
            runningByPartition[work.partition, default: 0] += 1
            actions.append(.start(work))
        }
        if readyHead > 1024, readyHead * 2 > ready.count {
            ready.removeFirst(readyHead)
            readyHead = 0
        }
        return actions
    }

    private mutating func flowControl() -> [Action] {
        let isAtBound = buffered >= limits.bufferedMax || !lanesAtBound.isEmpty || !partitionsAtBound.isEmpty
        if isAtBound, !isReadingPaused {
            isReadingPaused = true
            return [.pauseReading]
        }
        if !isAtBound, isReadingPaused, buffered <= limits.bufferedMax / 2 {
            isReadingPaused = false
            return [.resumeReading]
        }
        return []
    }

    private mutating func dropWaiting(of partition: KafkaPartition) {
        for (key, lane) in lanes where key.partition == partition {
            buffered -= lane.waiting.count
            lanesAtBound.remove(key)
            var emptied = lane
            emptied.waiting = []
            lanes[key] = lane.isRunning ? emptied : nil
        }
    }
}
