/// A record as read from a partition.
///
/// Every field is data from outside: nothing in it was checked.
public struct KafkaMessage: Sendable {
    /// The topic it was read from.
    public var topic: String
    /// The partition it was read from.
    public var partition: Int32
    /// Its place in the partition.
    public var offset: Int64
    /// The key, or nil for none.
    public var key: [UInt8]?
    /// The value, or nil for a tombstone.
    public var value: [UInt8]?
    /// Headers, in order; names may repeat.
    public var headers: [KafkaHeader]
    /// When it was created or appended, in milliseconds since 1970, where the broker says.
    public var timestampMilliseconds: Int64?

    /// A message with all its parts, for tests of what handles messages.
    public init(
        topic: String,
        partition: Int32,
        offset: Int64,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [KafkaHeader] = [],
        timestampMilliseconds: Int64? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestampMilliseconds = timestampMilliseconds
    }

    /// The value of the last header of that name; nil when there is none or it has no value.
    public func header(_ name: String) -> [UInt8]? {
        headers.last { $0.name == name }?.value
    }

    /// The partition that it was read from, as a key for tables.
    public var topicPartition: KafkaPartition {
        KafkaPartition(topic: topic, partition: partition)
    }
}
