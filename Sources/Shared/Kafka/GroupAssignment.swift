/// The state of a group's consumer: what is assigned, what is stopped, what is committed.
///
/// An assignment has a number. Each has a queue of its own, so a message taken from the queue of one assignment can be
/// told from those of the next, and is dropped when it is late. States: unassigned -> assigned -> fenced (still
/// assigned,
/// nothing delivered) -> unassigned.
struct GroupAssignment<Queue: Sendable>: Sendable {
    private struct Position {
        var committed: Int64?
        var committing: Int64?
    }

    /// What the message thread is to do next.
    enum ReadStep {
        case end
        case wait
        case read(Queue, generation: UInt64)
    }

    private(set) var generation: UInt64 = 0
    private(set) var stopped: Set<KafkaPartition> = []
    private(set) var isJoined = false
    private var positions: [KafkaPartition: Position] = [:]
    private var queue: Queue?
    private var isCommitting = false
    var isPaused = false
    var isEnding = false
    var isConnected = false

    /// The queue that messages are read from.
    var currentQueue: Queue? { queue }

    var assigned: [KafkaPartition] { positions.keys.sorted() }

    var readStep: ReadStep {
        if isEnding { return .end }
        guard !isPaused, let queue else { return .wait }
        return .read(queue, generation: generation)
    }

    /// Partitions are there and are read from their own queue.
    mutating func assign(_ partitions: [KafkaPartition], queue: Queue) {
        generation &+= 1
        positions = Dictionary(partitions.map { ($0, Position()) }) { first, _ in first }
        stopped = []
        isJoined = true
        isCommitting = false
        self.queue = queue
    }

    /// Whether the partition is this consumer's now.
    func isAssigned(_ partition: KafkaPartition) -> Bool { positions[partition] != nil }

    /// A partition goes on at another offset, stopped before or not.
    mutating func restart(at offset: KafkaOffset) {
        stopped.remove(offset.partition)
    }

    /// Nothing is delivered any more.
    ///
    /// Returns the old queue, for its reader to be woken.
    mutating func fence() -> Queue? {
        generation &+= 1
        defer { queue = nil }
        return queue
    }

    /// The partitions are gone.
    mutating func unassign() {
        positions = [:]
        stopped = []
        isCommitting = false
    }

    /// The messages that may be delivered.
    func admit(_ batch: [KafkaMessage], generation: UInt64) -> [KafkaMessage] {
        guard generation == self.generation, !isEnding else { return [] }
        let admitted =
            stopped.isEmpty ? batch : batch.filter { !stopped.contains($0.topicPartition) }
        return admitted
    }

    /// Stops a partition; false when it is not assigned or is stopped already.
    mutating func stop(_ partition: KafkaPartition) -> Bool {
        guard positions[partition] != nil else { return false }
        return stopped.insert(partition).inserted
    }

    /// Of what can be committed that which is assigned and has moved; nothing while a commit is under way, unless it
    /// is the
    /// last one.
    mutating func beginCommit(_ offsets: [KafkaOffset], isLast: Bool = false) -> [KafkaOffset] {
        guard isLast || !isCommitting else { return [] }
        let moved = offsets.filter { offset in
            guard offset.offset >= 0, let position = positions[offset.partition] else { return false }
            return position.committed != offset.offset
        }
        for offset in moved { positions[offset.partition]?.committing = offset.offset }
        isCommitting = !moved.isEmpty
        return moved
    }

    /// A commit has ended; a failed one is tried again at the next turn.
    mutating func endCommit(succeeded: Bool) {
        isCommitting = false
        for partition in Array(positions.keys) {
            guard let offset = positions[partition]?.committing else { continue }
            positions[partition]?.committing = nil
            if succeeded { positions[partition]?.committed = offset }
        }
    }
}
