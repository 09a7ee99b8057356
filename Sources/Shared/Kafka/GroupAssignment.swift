/// The state of a group's consumer: what is assigned, what is stopped, what was delivered, what is committed.
///
/// States: unassigned -> assigned -> fenced (still assigned, nothing delivered) -> unassigned.
struct GroupAssignment<Queue: Sendable>: Sendable {
    private struct Position {
        /// The offset of the next message, where it is known.
        var next: Int64?
        var committed: Int64?
        var committing: Int64?
    }

    /// Messages that may be delivered, and the first one that is not where it was expected.
    struct Admission {
        var admitted: [KafkaMessage] = []
        /// How many were looked at; the one behind them is out of its place.
        var count = 0
        /// Where the one behind them was expected.
        var expected: Int64?
    }

    private(set) var stopped: Set<KafkaPartition> = []
    private(set) var isJoined = false
    private var positions: [KafkaPartition: Position] = [:]
    private var queues: [String: Queue] = [:]
    private var isCommitting = false
    /// Topics whose queues are not read.
    var paused: Set<String> = []
    var isConnected = false

    var assigned: [KafkaPartition] { positions.keys.sorted() }

    /// The queues that messages are read from, by topic.
    var readable: [(topic: String, queue: Queue)] {
        queues.filter { !paused.contains($0.key) }.map { ($0.key, $0.value) }
    }

    /// Partitions are there and are read from the queues of their topics.
    ///
    /// - Parameter offsets: where they begin, as far as it is known.
    mutating func assign(_ partitions: [KafkaPartition], at offsets: [KafkaPartition: Int64], queues: [String: Queue]) {
        positions = Dictionary(partitions.map { ($0, Position(next: offsets[$0])) }) { first, _ in first }
        stopped = []
        isJoined = true
        isCommitting = false
        self.queues = queues
    }

    /// Nothing is delivered any more.
    mutating func fence() { queues = [:] }

    /// The partitions are gone.
    mutating func unassign() {
        positions = [:]
        stopped = []
        queues = [:]
        isCommitting = false
    }

    /// Takes messages up to the first one that is not the next of its partition.
    mutating func admit(_ batch: ArraySlice<KafkaMessage>) -> Admission {
        var admission = Admission()
        admission.admitted.reserveCapacity(batch.count)
        for message in batch {
            let partition = message.topicPartition
            if let position = positions[partition], !stopped.contains(partition) {
                if let next = position.next, next != message.offset {
                    admission.expected = next
                    return admission
                }
                positions[partition]?.next = message.offset < .max ? message.offset + 1 : nil
                admission.admitted.append(message)
            }
            admission.count += 1
        }
        return admission
    }

    /// The next message of a partition is this one, whatever was expected.
    mutating func expect(_ offset: Int64, of partition: KafkaPartition) { positions[partition]?.next = offset }

    /// Stops a partition; false when it is not assigned or is stopped already.
    mutating func stop(_ partition: KafkaPartition) -> Bool {
        guard positions[partition] != nil else { return false }
        return stopped.insert(partition).inserted
    }

    /// Of what can be committed that which is assigned and has moved; nothing while a commit is under way, unless it
    /// is the last one.
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
