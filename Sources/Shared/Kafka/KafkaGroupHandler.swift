/// What a group's consumer tells the code that processes its messages.
///
/// Everything is called on the consumer's one thread, never on the cooperative pool.
public protocol KafkaGroupHandler: AnyObject, Sendable {
    /// Partitions were assigned; called before any message of them is delivered.
    func assigned(_ partitions: [KafkaPartition])

    /// Partitions are being taken away; called at the start: nothing more of them may be started, no message of them
    /// arrives any more. May block up to the drain limit; afterwards the consumer asks for the committable offsets once
    /// more, commits them unless the partitions are `lost`, and lets go.
    func revoked(_ partitions: [KafkaPartition], lost: Bool)

    /// The position in a partition was outside of its log: the log's end moved back, or records were deleted before
    /// they were read. What comes next of it begins at the first offset of the log, and may have come before.
    func repositioned(_ partition: KafkaPartition)

    /// Messages of one topic, in order within each partition. Never called before `assigned` and never once `revoked`
    /// was called for the partition. Must return soon: a rebalance waits for it.
    func received(_ batch: [KafkaMessage])

    /// The offsets below which everything is done. Asked about once a second and after `revoked`; those that changed
    /// and whose partition is assigned are committed.
    func committableOffsets() -> [KafkaOffset]
}

/// What a group's consumer is doing.
public struct KafkaGroupState: Sendable, Hashable {
    /// What is assigned now, in order.
    public var assigned: [KafkaPartition]
    /// Whether the group has given an assignment, even an empty one.
    public var isJoined: Bool
    /// Whether a broker answers.
    public var isConnected: Bool
    /// Topics held back by ``KafkaGroupConsumer/pauseReading(topic:)``.
    public var paused: Set<String>
    /// Partitions stopped by ``KafkaGroupConsumer/stopReading(partition:)``.
    public var stopped: Set<KafkaPartition>
}
