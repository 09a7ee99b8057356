import CRdKafka
import Dispatch
import Synchronization

/// Questions and orders to a cluster about topics.
///
/// Each call makes a client of its own on a thread of its own.
public enum KafkaAdministration {
    /// The number of partitions of each topic; a topic that does not exist is absent, and is not created by asking.
    public static func partitionCounts(
        topics: [String],
        configuration: KafkaConfiguration,
        within limit: Duration
    ) async throws(KafkaError) -> [String: Int] {
        try await withClient(configuration) { handle throws(KafkaError) in
            let deadline = ContinuousClock.now + limit
            var counts: [String: Int] = [:]
            for topic in Set(topics).sorted() {
                counts[topic] = try partitionCount(
                    topic, handle, isEmbedded: configuration.isEmbedded, within: deadline - .now)
            }
            return counts
        }
    }

    /// Creates what is not there.
    ///
    /// The embedded broker does not know this: see ``EmbeddedBroker/createTopic(_:)``.
    public static func createTopics(
        _ topics: [KafkaTopicSpecification],
        configuration: KafkaConfiguration,
        within limit: Duration
    ) async throws(KafkaError) -> [String: KafkaTopicOutcome] {
        try await withClient(configuration) { handle throws(KafkaError) in
            try create(topics, handle, within: limit)
        }
    }

    /// The settings of topics as the cluster has them, by topic and by Kafka's own names; sensitive ones are left out.
    ///
    /// A topic that does not exist is absent.
    public static func topicSettings(
        topics: [String],
        configuration: KafkaConfiguration,
        within limit: Duration
    ) async throws(KafkaError) -> [String: [String: String]] {
        try await withClient(configuration) { handle throws(KafkaError) in
            try describe(topics, handle, within: limit)
        }
    }

    private static func withClient<Value: Sendable>(
        _ configuration: KafkaConfiguration,
        _ body: @escaping @Sendable (KafkaHandle) throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        try await KafkaThread.run("kafka-admin") { () -> Result<Value, KafkaError> in
            do throws(KafkaError) {
                var own = configuration.readerSettings()
                own["log.queue"] = nil
                own["statistics.interval.ms"] = "0"
                let settings = try configuration.settings(adding: own)
                let handle = try KafkaHandle(.consumer, settings: settings, events: 0)
                defer { handle.destroy() }
                return .success(try body(handle))
            } catch {
                return .failure(error)
            }
        }
    }

    private static func partitionCount(
        _ topic: String,
        _ handle: KafkaHandle,
        isEmbedded: Bool,
        within limit: Duration
    ) throws(KafkaError) -> Int? {
        guard limit > .zero else { throw KafkaError(code: .timedOut) }
        // The embedded broker speaks a version of this request that creates every topic it is asked for by name, and a
        // topic's reference alone makes librdkafka ask.
        let reference = isEmbedded ? nil : rd_kafka_topic_new(handle.pointer, topic, nil)
        if reference == nil, !isEmbedded { throw KafkaError(rd_kafka_last_error()) }
        defer { if let reference { rd_kafka_topic_destroy(reference) } }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(
            handle.pointer, isEmbedded ? 1 : 0, reference, &metadata, max(1, limit.clampedMilliseconds))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(error) }
        defer { rd_kafka_metadata_destroy(metadata) }
        let found = UnsafeBufferPointer(start: metadata.pointee.topics, count: max(0, Int(metadata.pointee.topic_cnt)))
            .first { $0.topic.map { String(cString: $0) } == topic }
        guard let found else { return nil }
        switch found.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return Int(found.partition_cnt)
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: return nil
        default: throw KafkaError(found.err)
        }
    }

    /// Sends an administrative request and waits for its one answer, which the caller destroys.
    private static func answer(
        _ handle: KafkaHandle,
        _ operation: rd_kafka_admin_op_t,
        within limit: Duration,
        _ request: (_ options: OpaquePointer, _ queue: OpaquePointer) -> Void
    ) throws(KafkaError) -> OpaquePointer {
        guard
            let queue = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle),
            let options = rd_kafka_AdminOptions_new(handle.pointer, operation)
        else { throw KafkaError(code: .creationFailed) }
        defer { rd_kafka_AdminOptions_destroy(options) }
        rd_kafka_AdminOptions_set_request_timeout(options, max(1, limit.clampedMilliseconds), nil, 0)
        request(options, queue.pointer)
        // librdkafka answers at its own timeout; ours is a little longer so that its reason wins.
        guard let event = queue.poll(for: limit + .seconds(1)) else { throw KafkaError(code: .timedOut) }
        let error = rd_kafka_event_error(event)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            rd_kafka_event_destroy(event)
            throw KafkaError(error)
        }
        return event
    }

    private static func create(
        _ topics: [KafkaTopicSpecification],
        _ handle: KafkaHandle,
        within limit: Duration
    ) throws(KafkaError) -> [String: KafkaTopicOutcome] {
        var outcomes: [String: KafkaTopicOutcome] = [:]
        var requests: [OpaquePointer?] = []
        defer { for request in requests { rd_kafka_NewTopic_destroy(request) } }
        for topic in topics {
            guard
                let request = rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replicationFactor, nil, 0)
            else {
                outcomes[topic.name] = .failed(KafkaError(code: .other))
                continue
            }
            for (name, value) in topic.settings { rd_kafka_NewTopic_set_config(request, name, value) }
            requests.append(request)
        }
        guard !requests.isEmpty else { return outcomes }
        let event = try answer(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS, within: limit) { options, queue in
            rd_kafka_CreateTopics(handle.pointer, &requests, requests.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        for index in 0..<count {
            guard let result = results?[index], let name = rd_kafka_topic_result_name(result) else { continue }
            outcomes[String(cString: name)] =
                switch rd_kafka_topic_result_error(result) {
                case RD_KAFKA_RESP_ERR_NO_ERROR: .created
                case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: .existed
                case let error: .failed(KafkaError(error))
                }
        }
        return outcomes
    }

    private static func describe(
        _ topics: [String],
        _ handle: KafkaHandle,
        within limit: Duration
    ) throws(KafkaError) -> [String: [String: String]] {
        var requests: [OpaquePointer?] = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { for request in requests { rd_kafka_ConfigResource_destroy(request) } }
        guard !requests.isEmpty else { return [:] }
        let event = try answer(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, within: limit) { options, queue in
            rd_kafka_DescribeConfigs(handle.pointer, &requests, requests.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
        var settings: [String: [String: String]] = [:]
        for index in 0..<count {
            guard let resource = results?[index], let name = rd_kafka_ConfigResource_name(resource) else { continue }
            switch rd_kafka_ConfigResource_error(resource) {
            case RD_KAFKA_RESP_ERR_NO_ERROR: settings[String(cString: name)] = entries(resource)
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: continue
            case let error: throw KafkaError(error)
            }
        }
        return settings
    }

    private static func entries(_ resource: OpaquePointer) -> [String: String] {
        var count = 0
        let entries = rd_kafka_ConfigResource_configs(resource, &count)
        var settings: [String: String] = [:]
        for index in 0..<count {
            guard
                let entry = entries?[index], rd_kafka_ConfigEntry_is_sensitive(entry) == 0,
                let name = rd_kafka_ConfigEntry_name(entry), let value = rd_kafka_ConfigEntry_value(entry)
            else { continue }
            settings[String(cString: name)] = String(cString: value)
        }
        return settings
    }
}
