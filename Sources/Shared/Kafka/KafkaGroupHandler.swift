/// What a group's consumer tells the code that processes its messages.
///
/// Everything is called on the consumer's own threads, never on the cooperative pool.
public protocol KafkaGroupHandler: AnyObject, Sendable {
    /// Partitions were assigned; called before any message of them is delivered.
    func assigned(_ partitions: [KafkaPartition])

    /// Partitions are being taken away; called at the start: nothing more of them may be started, no message of them
    /// arrives any more. May block up to the drain limit; afterwards the consumer asks for the committable offsets once
    /// more, commits them unless the partitions are `lost`, and lets go.
    func revoked(_ partitions: [KafkaPartition], lost: Bool)

    /// Messages, in order within each partition. Called from another thread than the others, never before `assigned`
    /// and
    /// never once `revoked` was called for the partition. Must return soon: a rebalance waits for it.
    func received(_ batch: [KafkaMessage])

    /// The offsets below which everything is done. Asked about once a second and after `revoked`; those that changed
    /// and
    /// whose partition is assigned are committed.
    func committableOffsets() -> [KafkaOffset]

    /// Something that an operator must see. Does nothing unless implemented.
    func alarmed(_ alarm: KafkaGroupAlarm)
}

extension KafkaGroupHandler {
    /// Ignores the alarm.
    public func alarmed(_ alarm: KafkaGroupAlarm) {}
}

/// What a group's consumer cannot settle on its own.
public enum KafkaGroupAlarm: Sendable, Hashable {
    /// The committed position of some partition lies outside its log: records were deleted before they were processed.
    /// Reading goes on at the start of the log.
    case offsetOutOfRange
    /// The consumer has failed for good (another process uses its instance id, for example) and ends.
    case fatal(KafkaError)
    /// An assignment could not be applied; its partitions are not read.
    case assignmentFailed(KafkaError)
}

/// What a group's consumer is doing.
public struct KafkaGroupState: Sendable, Hashable {
    /// What is assigned now, in order.
    public var assigned: [KafkaPartition]
    /// Whether the group has given an assignment, even an empty one.
    public var isJoined: Bool
    /// Whether a broker answers.
    public var isConnected: Bool
    /// Whether reading is paused by ``KafkaGroupConsumer/pauseReading()``.
    public var isPaused: Bool
    /// Partitions stopped by ``KafkaGroupConsumer/stopReading(partition:)``.
    public var stopped: Set<KafkaPartition>
}
