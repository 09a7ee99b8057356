import CRdKafka
import Synchronization

/// Turns librdkafka's statistics of one client into metrics.
final class KafkaStatistics: Sendable {
    /// The client in labels: `producer`, `reader`, or the consumer's group.
    private let client: String
    private let isGroup: Bool
    private let lastErrors = Mutex<(sent: Int64, received: Int64)>((0, 0))

    init(client: String, isGroup: Bool = false) {
        self.client = client
        self.isGroup = isGroup
    }

    private struct Labels: Hashable, Sendable {
        let client: String
        let part: String
    }

    private static let queues = GaugeFamily<Labels>(MetricName.kafkaQueue) {
        [("client", $0.client), ("queue", $0.part)]
    }
    private static let requests = GaugeFamily<Labels>(MetricName.kafkaRequests) {
        [("client", $0.client), ("state", $0.part)]
    }
    private static let roundTrips = GaugeFamily<String>(MetricName.kafkaRoundTrip) { [("client", $0)] }
    private static let brokersUp = GaugeFamily<String>(MetricName.kafkaBrokersUp) { [("client", $0)] }
    private static let sendErrors = CounterFamily<String>(MetricName.kafkaTransmitErrors) { [("client", $0)] }
    private static let receiveErrors = CounterFamily<String>(MetricName.kafkaReceiveErrors) { [("client", $0)] }
    private static let lags = GaugeFamily<Labels>(MetricName.kafkaConsumerLag) {
        [("group", $0.client), ("topic", $0.part)]
    }

    /// Takes over one event; one that cannot be read is left aside.
    func publish(_ event: OpaquePointer) {
        guard let text = rd_kafka_event_stats(event) else { return }
        publish(json: Array(String(cString: text).utf8))
    }

    func publish(json: [UInt8]) {
        guard let report = try? JSONCoding.decode(KafkaStatisticsReport.self, from: json) else { return }
        let brokers = report.brokers.map { Array($0.values) } ?? []
        let topics = report.topics ?? [:]
        let partitions = topics.values.flatMap { ($0.partitions ?? [:]).values }
        Self.queues.set(Labels(client: client, part: "produce"), Double(report.msg_cnt ?? 0))
        Self.queues.set(Labels(client: client, part: "fetch"), Self.sum(partitions.map(\.fetchq_cnt)))
        Self.queues.set(Labels(client: client, part: "events"), Double(report.replyq ?? 0))
        Self.requests.set(Labels(client: client, part: "waiting"), Self.sum(brokers.map(\.outbuf_cnt)))
        Self.requests.set(Labels(client: client, part: "in_flight"), Self.sum(brokers.map(\.waitresp_cnt)))
        Self.roundTrips.set(client, (brokers.compactMap { $0.rtt?.avg }.max() ?? 0) / 1_000_000)
        Self.brokersUp.set(client, Double(brokers.count { $0.state == "UP" && $0.source != "logical" }))
        publishErrors(brokers)
        guard isGroup else { return }
        for (name, topic) in topics {
            Self.lags.set(
                Labels(client: client, part: name), Self.sum((topic.partitions ?? [:]).values.map(\.consumer_lag)))
        }
    }

    /// librdkafka counts from its start; what was added since the last report is ours.
    private func publishErrors(_ brokers: [KafkaStatisticsReport.Broker]) {
        let sent = Int64(Self.sum(brokers.map(\.txerrs)))
        let received = Int64(Self.sum(brokers.map(\.rxerrs)))
        let (newSent, newReceived) = lastErrors.withLock { last in
            defer { last = (sent, received) }
            return (max(0, sent - last.sent), max(0, received - last.received))
        }
        Self.sendErrors.increment(client, by: newSent)
        Self.receiveErrors.increment(client, by: newReceived)
    }

    /// The sum of what is known, librdkafka writing -1 for what is not; bounded, so that it fits an integer again.
    private static func sum(_ values: [Int64?]) -> Double {
        min(values.reduce(0) { $0 + Double(max(0, $1 ?? 0)) }, 9e15)
    }
}

/// What is read of librdkafka's statistics, under its own names.
struct KafkaStatisticsReport: Decodable {
    struct Broker: Decodable {
        /// `logical` for the group coordinator, which is one of the others.
        var source: String?
        var state: String?
        var outbuf_cnt: Int64?
        var waitresp_cnt: Int64?
        var txerrs: Int64?
        var rxerrs: Int64?
        var rtt: Window?
    }

    /// Over the last interval, in microseconds.
    struct Window: Decodable {
        var avg: Double?
    }

    struct Topic: Decodable {
        var partitions: [String: Partition]?
    }

    struct Partition: Decodable {
        var fetchq_cnt: Int64?
        var consumer_lag: Int64?
    }

    var msg_cnt: Int64?
    var replyq: Int64?
    var brokers: [String: Broker]?
    var topics: [String: Topic]?
}
