/// How to reach a cluster and how to behave towards it.
public struct KafkaConfiguration: Sendable, CustomStringConvertible {
    /// `host:port`, separated by commas.
    public var bootstrapServers: String
    /// One per process instance: the brokers' logs and quotas go by it.
    public var clientID: String
    /// librdkafka properties by their own names.
    ///
    /// They win over this client's, except for ``refusedProperties``.
    public var properties: [String: String]
    /// Whether the cluster is an ``EmbeddedBroker``, which answers an empty fetch only after the full wait.
    public var isEmbedded: Bool
    /// How often librdkafka reports its statistics, which become metrics; zero for never.
    public var statisticsInterval: Duration
    /// How long a record may wait for its acknowledgement.
    ///
    /// Must be shorter than the deadline of whoever waits for it.
    public var deliveryTimeout: Duration
    /// How many records of one producer may wait for their acknowledgement; more are refused at once.
    public var maximumPendingRecords: Int
    /// The largest record, key and headers included, in bytes.
    public var maximumRecordBytes: Int
    /// How long a group waits for a silent member before it hands its partitions over.
    public var sessionTimeout: Duration
    /// How much is read ahead of what was processed, for each consumer, in KiB.
    public var maximumPrefetchKibibytes: Int

    /// A configuration with the defaults that the promises of this client were measured with.
    public init(
        bootstrapServers: String,
        clientID: String,
        properties: [String: String] = [:],
        isEmbedded: Bool = false,
        statisticsInterval: Duration = .zero,
        deliveryTimeout: Duration = .seconds(10),
        maximumPendingRecords: Int = 100_000,
        maximumRecordBytes: Int = 1_000_000,
        sessionTimeout: Duration = .seconds(10),
        maximumPrefetchKibibytes: Int = 4_096
    ) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.properties = properties
        self.isEmbedded = isEmbedded
        self.statisticsInterval = statisticsInterval
        self.deliveryTimeout = deliveryTimeout
        self.maximumPendingRecords = maximumPendingRecords
        self.maximumRecordBytes = maximumRecordBytes
        self.sessionTimeout = sessionTimeout
        self.maximumPrefetchKibibytes = maximumPrefetchKibibytes
    }

    /// Properties that may not be passed through, since a promise of this client rests on them: what is committed and
    /// when, that an acknowledged record is stored once, how partitions move, and what has a setting of its own.
    public static let refusedProperties: Set<String> = [
        "acks", "allow.auto.create.topics", "auto.commit.enable", "auto.offset.reset", "bootstrap.servers",
        "client.id",
        "enable.auto.commit", "enable.auto.offset.store", "enable.gapless.guarantee", "enable.idempotence",
        "enable.partition.eof", "group.id",
        "group.instance.id", "log.queue", "metadata.broker.list", "partition.assignment.strategy",
        "request.required.acks", "test.mock.num.brokers", "transactional.id",
    ]

    /// Server, client and the names of the properties: their values may be passwords.
    public var description: String {
        let names = properties.keys.sorted().joined(separator: ",")
        return "KafkaConfiguration(\(bootstrapServers), \(clientID), properties: [\(names)])"
    }

    /// What every kind of client sets, with the passed-through properties on top.
    func settings(adding own: [String: String]) throws(KafkaError) -> [(name: String, value: String)] {
        var settings = [
            "bootstrap.servers": bootstrapServers,
            "client.id": clientID,
            "socket.keepalive.enable": "true",
            "socket.nagle.disable": "true",
            "statistics.interval.ms": String(statisticsInterval.clampedMilliseconds),
            "reconnect.backoff.ms": "50",
            "reconnect.backoff.max.ms": "1000",
        ]
        settings.merge(own) { $1 }
        for (name, value) in properties {
            guard !Self.refusedProperties.contains(name) else {
                throw KafkaError(code: .refusedProperty, property: name)
            }
            settings[name] = value
        }
        // In order of their names: which one is reported as wrong must not change from run to run.
        return settings.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    /// What a producer sets.
    var producerSettings: [String: String] {
        [
            "acks": "all",
            "enable.idempotence": "true",
            "linger.ms": "0",
            "message.timeout.ms": String(max(1, deliveryTimeout.clampedMilliseconds)),
            "message.max.bytes": String(maximumRecordBytes),
            "queue.buffering.max.messages": String(max(1, maximumPendingRecords)),
            "log.queue": "true",
        ]
    }

    /// What everything that reads sets.
    func readerSettings(_ pace: KafkaFetchPace = .prompt) -> [String: String] {
        var settings = [
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
            "allow.auto.create.topics": "false",
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": String(max(1, maximumPrefetchKibibytes)),
            "fetch.message.max.bytes": String(maximumRecordBytes),
            "log.queue": "true",
        ]
        switch (pace, isEmbedded) {
        case (.prompt, false): break
        case (.prompt, true): settings["fetch.wait.max.ms"] = "3"
        case (.lazy, false):
            settings["fetch.wait.max.ms"] = "100"
            settings["fetch.min.bytes"] = "16384"
        case (.lazy, true): settings["fetch.wait.max.ms"] = "25"
        }
        return settings
    }

    /// What a reader of ranges and single records sets.
    ///
    /// It fetches only what is there, so a fetch that waits is one too many: the next one to the same broker waits
    /// behind it. One fetch brings little of a partition, since a single record may be all that is wanted of it.
    var logReaderSettings: [String: String] {
        var settings = readerSettings()
        settings["auto.offset.reset"] = "error"
        settings["enable.partition.eof"] = "true"
        settings["fetch.wait.max.ms"] = "2"
        settings["fetch.message.max.bytes"] = "131072"
        settings["fetch.max.bytes"] = String(8 << 20)
        settings["fetch.error.backoff.ms"] = "50"
        settings["queued.max.messages.kbytes"] = String(32 << 10)
        return settings
    }

    /// What a member of a group sets.
    func groupSettings(group: String, instanceID: String?, pace: KafkaFetchPace) -> [String: String] {
        var settings = readerSettings(pace)
        settings["group.id"] = group
        settings["partition.assignment.strategy"] = "range"
        settings["session.timeout.ms"] = String(max(1, sessionTimeout.clampedMilliseconds))
        settings["heartbeat.interval.ms"] = String(max(1, sessionTimeout.clampedMilliseconds / 5))
        settings["group.instance.id"] = instanceID
        return settings
    }
}

/// How soon a consumer has what was written.
public enum KafkaFetchPace: Sendable, Hashable {
    /// At once: somebody waits for it.
    case prompt
    /// Within a tenth of a second, many records at a time: a fetch costs the broker as much as a record written.
    case lazy
}

extension Duration {
    /// Whole milliseconds within what C's 32-bit timeouts hold; zero for a negative duration.
    var clampedMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return Int32(seconds) * 1_000 + Int32(attoseconds / 1_000_000_000_000_000)
    }
}
