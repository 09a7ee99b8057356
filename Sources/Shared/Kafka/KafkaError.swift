import CRdKafka

/// Why a Kafka client could not be made or a question to the cluster had no answer.
///
/// Holds no data of records and no value of a setting.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The bounded set of reasons, fit for a metric label.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// librdkafka does not know the property or does not accept its value.
        case invalidProperty
        /// The property would break a promise of this client and may not be set.
        case refusedProperty
        /// The client could not be created from properties that are valid one by one.
        case creationFailed
        /// No answer within the time given.
        case timedOut
        /// The cluster does not have the topic or the partition.
        case unknownTopicOrPartition
        /// No broker can be reached.
        case unreachable
        /// The cluster refused for lack of rights.
        case unauthorized
        /// The client is closed.
        case closed
        /// Anything else; see ``KafkaError/rawCode``.
        case other
    }

    /// The reason.
    public var code: Code
    /// librdkafka's own error number, zero when it was not asked.
    public var rawCode: Int32
    /// The name of the property concerned, never its value.
    public var property: String?

    /// An error with librdkafka's number kept aside.
    public init(code: Code, rawCode: Int32 = 0, property: String? = nil) {
        self.code = code
        self.rawCode = rawCode
        self.property = property
    }

    /// The code, the number and the property's name.
    public var description: String {
        var text = "KafkaError.\(code.rawValue)"
        if rawCode != 0 { text += " (\(rawCode))" }
        if let property { text += " \(property)" }
        return text
    }

    init(_ error: rd_kafka_resp_err_t) {
        switch error {
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            self.init(code: .timedOut, rawCode: error.rawValue)
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            self.init(code: .unknownTopicOrPartition, rawCode: error.rawValue)
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            self.init(code: .unreachable, rawCode: error.rawValue)
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__AUTHENTICATION:
            self.init(code: .unauthorized, rawCode: error.rawValue)
        case RD_KAFKA_RESP_ERR__DESTROY:
            self.init(code: .closed, rawCode: error.rawValue)
        default:
            self.init(code: .other, rawCode: error.rawValue)
        }
    }
}
