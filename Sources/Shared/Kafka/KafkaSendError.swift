import CRdKafka

/// Why a record was not acknowledged, and whether it may be in the topic all the same.
public struct KafkaSendError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The bounded set of reasons, fit for a metric label.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// As many records are waiting as are allowed; nothing was enqueued.
        case queueFull
        /// The record is larger than the client or the broker accepts.
        case messageTooLarge
        /// Not acknowledged in time, and provably never stored.
        case notPersisted
        /// Sent without an answer: it may be stored.
        case possiblyPersisted
        /// The cluster does not have the topic or the partition.
        case unknownTopicOrPartition
        /// The cluster refused for lack of rights.
        case unauthorized
        /// The producer is being closed.
        case shuttingDown
        /// The producer has failed for good and is being replaced.
        case fatal
        /// Refused for another reason; see ``KafkaSendError/rawCode``.
        case refused
    }

    /// The reason.
    public var code: Code
    /// Whether the record may be in the topic.
    ///
    /// False is proof that it is not, and a repeat is safe.
    public var mayBeStored: Bool
    /// librdkafka's own error number, zero when it was not asked.
    public var rawCode: Int32

    /// An error that says whether a repeat is safe.
    public init(code: Code, mayBeStored: Bool, rawCode: Int32 = 0) {
        self.code = code
        self.mayBeStored = mayBeStored
        self.rawCode = rawCode
    }

    /// The code and the number.
    public var description: String {
        rawCode == 0 ? "KafkaSendError.\(code.rawValue)" : "KafkaSendError.\(code.rawValue) (\(rawCode))"
    }

    /// For a record that librdkafka did not even enqueue.
    init(refusal error: rd_kafka_resp_err_t) {
        self.init(error, mayBeStored: false, otherwise: .refused)
    }

    /// For a record whose delivery failed, by what is known about its way.
    init(delivery error: rd_kafka_resp_err_t, status: rd_kafka_msg_status_t) {
        let mayBeStored = status != RD_KAFKA_MSG_STATUS_NOT_PERSISTED
        self.init(error, mayBeStored: mayBeStored, otherwise: mayBeStored ? .possiblyPersisted : .notPersisted)
    }

    private init(_ error: rd_kafka_resp_err_t, mayBeStored: Bool, otherwise: Code) {
        let code: Code =
            switch error {
            case RD_KAFKA_RESP_ERR__QUEUE_FULL: .queueFull
            case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE: .messageTooLarge
            case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
                .unknownTopicOrPartition
            case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
                .unauthorized
            case RD_KAFKA_RESP_ERR__FATAL: .fatal
            default: otherwise
            }
        self.init(code: code, mayBeStored: mayBeStored, rawCode: error.rawValue)
    }
}
