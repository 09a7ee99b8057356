/// A topic as it should be.
public struct KafkaTopicSpecification: Sendable, Hashable {
    /// The full name, prefix included.
    public var name: String
    /// How many partitions; fixed for the life of the topic, since keys are mapped by it.
    public var partitions: Int32
    /// How many copies of each partition; -1 for the cluster's default.
    public var replicationFactor: Int32
    /// Topic settings by Kafka's own names, `cleanup.policy` for example.
    public var settings: [String: String]

    /// A specification of one topic.
    public init(name: String, partitions: Int32, replicationFactor: Int32 = -1, settings: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.settings = settings
    }
}

/// What became of the creation of one topic.
public enum KafkaTopicOutcome: Sendable, Hashable {
    /// It was created.
    case created
    /// There was one already, which may differ from the specification.
    case existed
    /// It was not created.
    case failed(KafkaError)
}
