/// Names, keys and settings of the topics; the one place where they are spelt.
public struct TopicNames: Sendable, Hashable {
    /// What every name begins with, `pgm.` by default.
    public let prefix: String

    /// Takes the prefix of an installation.
    public init(prefix: String = "pgm.") {
        self.prefix = prefix
    }

    /// Outcomes, read by the notifier and by any consumer of the merchant's own.
    public var results: String { prefix + "results" }
    /// Answers to waiting HTTP requests.
    public var replies: String { prefix + "replies" }
    /// Records that could not be processed.
    public var deadLetters: String { prefix + "deadletter" }

    /// Commands of one provider.
    public func commands(of provider: ProviderName) -> String { prefix + "commands." + provider.value }

    /// Memory of one provider's workers.
    public func journal(of provider: ProviderName) -> String { prefix + "journal." + provider.value }

    /// Consumer group of the workers, of all providers.
    public var workerGroup: String { prefix + "worker" }
    /// Consumer group of the notifiers.
    public var notifierGroup: String { prefix + "notifier" }
}

/// Partition counts and retention, from which topics are created and checked.
public struct TopicPlan: Sendable, Hashable {
    /// Partitions of each command topic and of the results.
    public var commandPartitions: Int32
    /// Partitions of the reply topic.
    public var replyPartitions: Int32
    /// Copies of each partition.
    public var replicationFactor: Int32
    /// How long the broker keeps a record of a journal that no later one has replaced.
    public var journalRetention: Duration

    /// Partitions of the dead-letter topic.
    public static let deadLetterPartitions: Int32 = 3

    /// Makes a plan.
    public init(
        commandPartitions: Int32 = 12, replyPartitions: Int32 = 12, replicationFactor: Int32 = 3,
        journalRetention: Duration = .seconds(180 * 86_400)
    ) {
        self.journalRetention = journalRetention
        self.commandPartitions = commandPartitions
        self.replyPartitions = replyPartitions
        self.replicationFactor = replicationFactor
    }

    /// Every topic that the given providers need.
    public func topics(named names: TopicNames, providers: [ProviderName]) -> [KafkaTopicSpecification] {
        let hour = 3_600_000
        var topics = providers.map { provider in
            topic(names.commands(of: provider), partitions: commandPartitions, retentionMilliseconds: 7 * 24 * hour)
        }
        topics += providers.map { journal(names.journal(of: $0)) }
        topics.append(topic(names.results, partitions: commandPartitions, retentionMilliseconds: 7 * 24 * hour))
        topics.append(topic(names.replies, partitions: replyPartitions, retentionMilliseconds: hour))
        topics.append(
            topic(names.deadLetters, partitions: Self.deadLetterPartitions, retentionMilliseconds: 30 * 24 * hour))
        return topics
    }

    /// Partitioned like the commands; of each entry the last record of each of its writers stays, until it expires.
    private func journal(_ name: String) -> KafkaTopicSpecification {
        let day = 86_400_000
        let retention = Int(journalRetention.components.seconds) * 1000
        var journal = topic(name, partitions: commandPartitions, retentionMilliseconds: retention)
        journal.settings["cleanup.policy"] = "compact,delete"
        journal.settings["min.compaction.lag.ms"] = String(day)
        // What is replaced goes, and what has expired, a segment at a time.
        journal.settings["segment.ms"] = String(day)
        return journal
    }

    private func topic(_ name: String, partitions: Int32, retentionMilliseconds: Int) -> KafkaTopicSpecification {
        let inSyncMin = max(1, replicationFactor - 1)
        return KafkaTopicSpecification(
            name: name, partitions: partitions, replicationFactor: replicationFactor,
            settings: [
                "cleanup.policy": "delete", "retention.ms": String(retentionMilliseconds),
                "min.insync.replicas": String(inSyncMin),
            ])
    }
}
