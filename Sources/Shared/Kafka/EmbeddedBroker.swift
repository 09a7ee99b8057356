import CRdKafka
import Synchronization

/// A broker inside this process, on a loopback port: librdkafka's mock cluster.
///
/// In memory only, nothing is ever compacted, and each partition drops its oldest records at about 5 MB.
public final class EmbeddedBroker: Sendable {
    /// The one broker's number in the cluster.
    private static let brokerID: Int32 = 1

    /// `host:port` for clients, of this process or another one.
    public let bootstrapServers: String
    private let cluster: Mutex<Cluster?>

    /// Sendable: the pointer is used and freed under the broker's lock only.
    private struct Cluster: @unchecked Sendable {
        var pointer: OpaquePointer
        var handle: KafkaHandle
    }

    /// Starts a broker with the given topics.
    public init(topics: [KafkaTopicSpecification]) throws(KafkaError) {
        let settings = [(name: "client.id", value: "pgm-embedded-broker")]
        let handle = try KafkaHandle(.producer, settings: settings, events: 0)
        guard let pointer = rd_kafka_mock_cluster_new(handle.pointer, 1) else {
            throw KafkaError(code: .creationFailed)
        }
        self.bootstrapServers = rd_kafka_mock_cluster_bootstraps(pointer).map { String(cString: $0) } ?? ""
        self.cluster = Mutex(Cluster(pointer: pointer, handle: handle))
        for topic in topics { try createTopic(topic) }
    }

    /// Adds a topic; one that exists stays as it is.
    ///
    /// Settings have no effect here.
    public func createTopic(_ topic: KafkaTopicSpecification) throws(KafkaError) {
        let code = cluster.withLock { cluster in
            cluster.map { rd_kafka_mock_topic_create($0.pointer, topic.name, topic.partitions, 1) }
        }
        guard let code else { throw KafkaError(code: .closed) }
        let isThere = code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS
        guard isThere else { throw KafkaError(code) }
    }

    /// Closes all connections and refuses new ones until ``bringUp()``.
    ///
    /// What is stored stays.
    public func takeDown() {
        cluster.withLock { cluster in
            guard let cluster else { return }
            _ = rd_kafka_mock_broker_set_down(cluster.pointer, Self.brokerID)
        }
    }

    /// Accepts connections again.
    public func bringUp() {
        cluster.withLock { cluster in
            guard let cluster else { return }
            _ = rd_kafka_mock_broker_set_up(cluster.pointer, Self.brokerID)
        }
    }

    /// Delays every answer.
    public func setRoundTripTime(_ time: Duration) {
        cluster.withLock { cluster in
            guard let cluster else { return }
            _ = rd_kafka_mock_broker_set_rtt(cluster.pointer, Self.brokerID, time.clampedMilliseconds)
        }
    }

    /// How one request can be answered, for tests.
    enum Refusal {
        /// A record is said to be stored already, without saying where.
        case duplicateRecord
        /// A question about offsets comes to a broker that does not lead the partition.
        case offsetsByNoLeader

        fileprivate var request: (kind: Int16, error: rd_kafka_resp_err_t) {
            switch self {
            case .duplicateRecord: (0, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER)
            case .offsetsByNoLeader: (2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
            }
        }
    }

    /// Answers the next request of a kind so, and does nothing else of what it asks.
    func refuseOnce(_ refusal: Refusal) {
        cluster.withLock { cluster in
            guard let cluster else { return }
            let errors = [refusal.request.error]
            rd_kafka_mock_push_request_errors_array(cluster.pointer, refusal.request.kind, errors.count, errors)
        }
    }

    /// Ends the broker and forgets everything.
    ///
    /// Returns at once, the threads end on their own.
    public func close() {
        guard
            let closing = cluster.withLock({ cluster in
                defer { cluster = nil }
                return cluster
            })
        else { return }
        KafkaThread.start("kafka-broker-end") {
            rd_kafka_mock_cluster_destroy(closing.pointer)
            closing.handle.destroy()
        }
    }

    deinit { close() }
}
