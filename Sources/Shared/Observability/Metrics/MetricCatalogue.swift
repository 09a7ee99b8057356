/// Every metric of this product with what it means; what is not listed is exposed without a description of its own.
public enum MetricCatalogue {
    /// All definitions, in the order of their exposition.
    public static let all: [MetricDefinition] = ingress + worker + journal + kafka + process

    /// The definition of a name, when it is listed.
    static func definition(of name: String) -> MetricDefinition? { byName[name] }

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    private static let ingress: [MetricDefinition] = [
        .init(MetricName.requests, .counter, "HTTP requests answered, by route, method and status."),
        .init(MetricName.requestDuration, .histogram, unit: .seconds, "Time from a request's head to its answer."),
        .init(MetricName.activeRequests, .gauge, "Requests for an operation that are in work."),
        .init(MetricName.requestsShed, .counter, "Requests refused because a limit was reached, by limit."),
        .init(MetricName.repliesAwaited, .gauge, "Requests that wait for a worker's reply."),
        .init(MetricName.repliesDropped, .counter, "Replies that nobody waited for any more."),
    ]

    private static let worker: [MetricDefinition] = [
        .init(MetricName.commands, .counter, "Commands executed, by provider, operation and outcome."),
        .init(MetricName.commandDuration, .histogram, unit: .seconds, "Time from a command's start to its outcome."),
        .init(MetricName.commandsExpired, .counter, "Commands that came too late and never ran."),
        .init(MetricName.deadLetters, .counter, "Records that can never be processed, by topic."),
        .init(MetricName.notifications, .counter, "Deliveries to the merchant's endpoint, by outcome."),
        .init(MetricName.merchantUp, .gauge, "1 while the merchant's endpoint takes notifications, else 0."),
        .init(MetricName.laneRunning, .gauge, "Records that run, by consumer."),
        .init(MetricName.laneBuffered, .gauge, "Records in memory, running ones included, by consumer."),
        .init(MetricName.lanePartitions, .gauge, "Partitions that a consumer owns."),
        .init(
            MetricName.laneStopped, .gauge, "Partitions that stand still at a record which this process cannot read."),
    ]

    private static let journal: [MetricDefinition] = [
        .init(MetricName.journalEntries, .counter, "Records of the journal that were read, by provider."),
        .init(MetricName.journalLag, .gauge, "Records between the journal's reader and the end of its log."),
        .init(MetricName.journalOpen, .gauge, "Effects that wait to be cleared up, in partitions owned here."),
        .init(MetricName.journalVoid, .counter, "Records by processes that did not own their partition any more."),
        .init(MetricName.journalFenced, .counter, "How often another process was found to own a partition."),
        .init(MetricName.journalReset, .counter, "How often a partition's log was not the one that was read."),
        .init(MetricName.journalLoaded, .counter, "Records read again by their offset, by provider."),
        .init(MetricName.journalIndexEntries, .gauge, "Entries in the journal's index, by provider."),
        .init(MetricName.journalIndexBytes, .gauge, "Bytes of the journal's index, by provider."),
        .init(
            MetricName.journalKeyNeeded, .gauge, unit: .seconds,
            "Unix time until which the journal needs an encryption key, by key id."),
        .init(MetricName.effectsUnknown, .counter, "Effects whose outcome was not known when their call ended."),
        .init(MetricName.effectsRecovered, .counter, "Effects cleared up after their call was lost, by outcome."),
        .init(MetricName.contradictions, .counter, "Observations that contradict a final outcome."),
    ]

    private static let kafka: [MetricDefinition] = [
        .init(MetricName.producerPending, .gauge, "Records that wait for the broker's acknowledgement."),
        .init(MetricName.producerReplacements, .counter, "How often the producer failed for good and was replaced."),
        .init(MetricName.kafkaQueue, .gauge, "Records in librdkafka's queues, by client and queue."),
        .init(MetricName.kafkaRequests, .gauge, "Requests that librdkafka holds for brokers, by client and state."),
        .init(MetricName.kafkaRoundTrip, .gauge, unit: .seconds, "Longest average round trip to a broker, by client."),
        .init(MetricName.kafkaBrokersUp, .gauge, "Brokers that are connected, by client."),
        .init(MetricName.kafkaTransmitErrors, .counter, "Requests to brokers that failed in sending, by client."),
        .init(MetricName.kafkaReceiveErrors, .counter, "Answers of brokers that failed in receiving, by client."),
        .init(MetricName.kafkaConsumerLag, .gauge, "Records not yet processed, by group and topic."),
        .init(
            MetricName.kafkaRepositioned, .counter,
            "How often records were gone before they were read, or a log's end moved back, by group and topic."),
    ]

    private static let process: [MetricDefinition] = [
        .init(MetricName.seriesDropped, .counter, "Series refused because this process's limit was reached."),
        .init(MetricName.target, .gauge, "What this process is; always 1."),
    ]
}
