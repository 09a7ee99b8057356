/// One header of a record: a name, and bytes that need not be text.
public struct KafkaHeader: Sendable, Hashable {
    /// The name.
    ///
    /// Bytes that are not UTF-8 are repaired when a message is read, so such a name does not survive a copy.
    public var name: String
    /// The bytes, or nil for a header without a value (which Kafka distinguishes from an empty one).
    public var value: [UInt8]?

    /// A header with the given bytes.
    public init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    /// A header whose value is text.
    public init(name: String, text: String) {
        self.init(name: name, value: Array(text.utf8))
    }
}

/// What is to be written: always to an explicit partition, see ``Partitioner``.
public struct KafkaRecord: Sendable {
    /// The topic's full name, prefix included.
    public var topic: String
    /// The partition's number, from zero.
    public var partition: Int32
    /// The key, or nil for none.
    public var key: [UInt8]?
    /// The value; nil is a tombstone in a compacted topic.
    public var value: [UInt8]?
    /// Headers, in order; names may repeat.
    public var headers: [KafkaHeader]

    /// A record for one partition.
    public init(topic: String, partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = []) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}
