/// Names of metrics, by OpenTelemetry's conventions; the one place where they are spelt.
public enum MetricName {
    /// Commands executed, by provider, operation and outcome.
    public static let commands = "pgm.commands.executed"
    /// Time from the start of a command to its outcome.
    public static let commandDuration = "pgm.command.duration"
    /// Commands that came too late and never ran.
    public static let commandsExpired = "pgm.commands.expired"
    /// Records that became dead letters, by topic.
    public static let deadLetters = "pgm.deadletters"
    /// HTTP requests, by route, method and status.
    public static let requests = "http.server.requests"
    /// Time of HTTP requests, by route and method.
    public static let requestDuration = "http.server.request.duration"
    /// Requests in work.
    public static let activeRequests = "http.server.active_requests"
    /// Requests refused because a limit was reached, by limit.
    public static let requestsShed = "pgm.requests.shed"
    /// Requests that wait for a worker's reply.
    public static let repliesAwaited = "pgm.replies.awaited"
    /// Replies that nobody waited for.
    public static let repliesDropped = "pgm.replies.dropped"
    /// Notifications, by outcome.
    public static let notifications = "pgm.notifications"
    /// Whether the merchant's endpoint takes notifications.
    public static let merchantUp = "pgm.merchant.up"
    /// Records that run, by consumer.
    public static let laneRunning = "pgm.lanes.running"
    /// Records in memory, running ones included, by consumer.
    public static let laneBuffered = "pgm.lanes.buffered"
    /// Partitions that a consumer owns.
    public static let lanePartitions = "pgm.lanes.partitions"
    /// Partitions that stand still at a record which this process cannot read.
    public static let laneStopped = "pgm.lanes.stopped_partitions"
    /// Records of the journal that were read.
    public static let journalEntries = "pgm.journal.entries"
    /// Records between the reader of a journal and the end of its log.
    public static let journalLag = "pgm.journal.lag.records"
    /// Effects that wait to be cleared up.
    public static let journalOpen = "pgm.journal.open"
    /// Records of the journal by processes that did not own their partition any more.
    public static let journalVoid = "pgm.journal.void"
    /// How often a partition was found to be owned by another process.
    public static let journalFenced = "pgm.journal.fenced"
    /// How often a partition's log was found not to be the one that was read, and was read again.
    public static let journalReset = "pgm.journal.reset"
    /// Records that were read again by their offset, since they were not in memory.
    public static let journalLoaded = "pgm.journal.loaded"
    /// Entries in the index.
    public static let journalIndexEntries = "pgm.journal.index.entries"
    /// Memory of the index.
    public static let journalIndexBytes = "pgm.journal.index.bytes"
    /// When the log needs an encryption key no more, in Unix seconds, by key id; one that is not in the ring is
    /// missing.
    public static let journalKeyNeeded = "pgm.journal.key.needed_until"
    /// Effects whose outcome is not known, by operation.
    public static let effectsUnknown = "pgm.effects.unknown"
    /// Effects that were cleared up after their call was lost, by operation and what they were found to be.
    public static let effectsRecovered = "pgm.effects.recovered"
    /// Observations that contradict a final outcome.
    public static let contradictions = "pgm.payments.contradicted"
    /// Records that wait for the broker's acknowledgement.
    public static let producerPending = "pgm.producer.pending"
    /// How often the Kafka producer failed for good and was replaced.
    public static let producerReplacements = "pgm.producer.replacements"
    /// Records in librdkafka's queues, by client and queue.
    public static let kafkaQueue = "kafka.client.queue.records"
    /// Requests that librdkafka holds for brokers, by client and state.
    public static let kafkaRequests = "kafka.client.requests"
    /// Longest average round trip to a broker, by client.
    public static let kafkaRoundTrip = "kafka.client.broker.rtt"
    /// Brokers that are connected, by client.
    public static let kafkaBrokersUp = "kafka.client.brokers.up"
    /// Requests to brokers that failed in sending, by client.
    public static let kafkaTransmitErrors = "kafka.client.transmit.errors"
    /// Answers of brokers that failed in receiving, by client.
    public static let kafkaReceiveErrors = "kafka.client.receive.errors"
    /// Records not yet processed, by group and topic.
    public static let kafkaConsumerLag = "kafka.consumer.lag"
    /// How often a group's position was outside of its log, by group and topic.
    public static let kafkaRepositioned = "kafka.consumer.repositioned"
    /// Series that were refused because a limit of this process was reached.
    public static let seriesDropped = "pgm.metrics.series_dropped"
    /// What this process is; always 1.
    public static let target = "target.info"
}
