/// One partition of one topic.
public struct KafkaPartition: Sendable, Hashable, Comparable {
    /// The topic's full name.
    public var topic: String
    /// The partition's number, from zero.
    public var partition: Int32

    /// A partition by name and number.
    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// By topic, then by number.
    public static func < (left: KafkaPartition, right: KafkaPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

/// A place in a partition.
///
/// As a position (commit, assignment, end of a partition) it is the next offset to read; as the answer to a send it is
/// the record's own.
public struct KafkaOffset: Sendable, Hashable {
    /// The partition.
    public var partition: KafkaPartition
    /// The offset, from zero.
    public var offset: Int64

    /// An offset in a partition.
    public init(partition: KafkaPartition, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }

    /// An offset in a partition given by its parts.
    public init(topic: String, partition: Int32, offset: Int64) {
        self.init(partition: KafkaPartition(topic: topic, partition: partition), offset: offset)
    }
}
