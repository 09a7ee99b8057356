import CRdKafka
import Logging
import Synchronization

/// One librdkafka producer with the records that wait for it.
///
/// A failed one is finished and another takes its place.
final class ProducerGeneration: Sendable {
    /// Told what became of a record, once.
    typealias Report = @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void

    /// What one turn of the serving thread found.
    enum Turn {
        case working
        case failed
    }

    /// How long purged records get to be reported as such.
    static let purgeLimit: Duration = .seconds(2)
    /// How long one question for reachability may hold up delivery reports while no broker is connected.
    static let probeLimit: Duration = .milliseconds(250)
    /// The longest sleep of the serving thread without an event.
    static let longestWait: Duration = .seconds(1)

    private struct Waiting {
        var topic: String
        var report: Report
    }

    private struct State {
        var nextIdentifier: UInt = 1
        var waiting: [UInt: Waiting] = [:]
        var refusal: KafkaSendError?
        var isConnected = false
    }

    private struct Outcome {
        var report: Report
        var result: Result<KafkaOffset, KafkaSendError>
    }

    private let handle: KafkaHandle
    private let logger: Logger
    private let statistics = KafkaStatistics(client: "producer")
    private let maximumPending: Int
    private let state = Mutex(State())
    private let queue: Mutex<KafkaQueue?>

    /// Its place in the sequence of clients, from zero.
    let number: Int

    init(number: Int, configuration: KafkaConfiguration, logger: Logger) throws(KafkaError) {
        let settings = try configuration.settings(adding: configuration.producerSettings)
        let handle = try KafkaHandle(.producer, settings: settings, events: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
        guard let queue = KafkaQueue(rd_kafka_queue_get_main(handle.pointer), of: handle) else {
            throw KafkaError(code: .creationFailed)
        }
        self.number = number
        self.handle = handle
        self.queue = Mutex(queue)
        self.logger = logger
        self.maximumPending = configuration.maximumPendingRecords
    }

    var isHealthy: Bool { state.withLock { $0.isConnected && $0.refusal == nil } }

    var pendingCount: Int { state.withLock { $0.waiting.count } }

    /// Lends the client; nil when it is being freed.
    func use<Result>(_ body: (OpaquePointer) -> Result) -> Result? { handle.use(body) }

    /// Hands a record to librdkafka, or reports at once why not.
    ///
    /// Never blocks.
    func enqueue(_ record: KafkaRecord, _ report: @escaping Report) {
        let admission = admit(record, report)
        switch admission {
        case .failure(let error):
            report(.failure(error))
        case .success(let identifier):
            guard let code = handle.use({ produce(record, identifier, $0) }) else {
                settle(identifier, KafkaSendError(code: .shuttingDown, mayBeStored: false))
                return
            }
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
            settle(identifier, KafkaSendError(refusal: code))
            if code == RD_KAFKA_RESP_ERR__FATAL { wake() }
        }
    }

    private func admit(_ record: KafkaRecord, _ report: @escaping Report) -> Result<UInt, KafkaSendError> {
        guard record.partition >= 0, !record.topic.isEmpty else {
            return .failure(KafkaSendError(code: .unknownTopicOrPartition, mayBeStored: false))
        }
        return state.withLock { state in
            if let refusal = state.refusal { return .failure(refusal) }
            guard state.waiting.count < maximumPending else {
                return .failure(KafkaSendError(code: .queueFull, mayBeStored: false))
            }
            let identifier = state.nextIdentifier
            state.nextIdentifier &+= 1
            state.waiting[identifier] = Waiting(topic: record.topic, report: report)
            return .success(identifier)
        }
    }

    /// Whoever takes the entry out of the table reports: the table is what makes that happen once.
    private func settle(_ identifier: UInt, _ error: KafkaSendError) {
        state.withLock { $0.waiting.removeValue(forKey: identifier) }?.report(.failure(error))
    }

    private func produce(
        _ record: KafkaRecord,
        _ identifier: UInt,
        _ client: OpaquePointer
    ) -> rd_kafka_resp_err_t {
        let headers = Self.makeHeaders(record.headers)
        let code = Self.withBytes(record.key) { key in
            Self.withBytes(record.value) { value in
                pgm_rd_kafka_produce(
                    client, record.topic, record.partition, key.start, key.count, value.start, value.count, headers,
                    identifier)
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR, let headers { rd_kafka_headers_destroy(headers) }
        return code
    }

    private static func makeHeaders(_ headers: [KafkaHeader]) -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            var name = header.name
            name.withUTF8 { name in
                _ = withBytes(header.value) { value in
                    name.withMemoryRebound(to: CChar.self) { name in
                        // An empty name has no address; librdkafka reads one byte past none of it.
                        withUnsafePointer(to: CChar(0)) { nothing in
                            rd_kafka_header_add(
                                list, name.baseAddress ?? nothing, name.count, value.start, value.count)
                        }
                    }
                }
            }
        }
        return list
    }

    /// The address and size for C: none for nil, some address with size zero for an empty array, since to Kafka they
    /// are
    /// two different things.
    private static func withBytes<Result>(
        _ bytes: [UInt8]?,
        _ body: ((start: UnsafeRawPointer?, count: Int)) -> Result
    ) -> Result {
        guard let bytes else { return body((nil, 0)) }
        guard !bytes.isEmpty else { return withUnsafeBytes(of: UInt8(0)) { body(($0.baseAddress, 0)) } }
        return bytes.withUnsafeBytes { body(($0.baseAddress, $0.count)) }
    }

    /// Waits for one event and handles it.
    ///
    /// Only on the serving thread.
    func serveOnce(for limit: Duration = longestWait) -> Turn {
        guard let queue = queue.withLock({ $0 }) else { return .failed }
        if !state.withLock({ $0.isConnected }), handle.isReachable(within: Self.probeLimit) {
            state.withLock { $0.isConnected = true }
        }
        if let event = queue.poll(for: limit) {
            defer { rd_kafka_event_destroy(event) }
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_DR: settleReports(event)
            case RD_KAFKA_EVENT_ERROR: noteError(rd_kafka_event_error(event))
            case RD_KAFKA_EVENT_STATS: statistics.publish(event)
            case RD_KAFKA_EVENT_LOG: KafkaEventLog.emit(event, to: logger)
            default: break
            }
        }
        // Asked rather than taken from an event: whichever event comes first, a failed client is known as such.
        return rd_kafka_fatal_error(handle.pointer, nil, 0) == RD_KAFKA_RESP_ERR_NO_ERROR ? .working : .failed
    }

    private func settleReports(_ event: OpaquePointer) {
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(rd_kafka_event_message_count(event))
        state.withLock { state in
            while let message = rd_kafka_event_message_next(event) {
                let fields = message.pointee
                if fields.err == RD_KAFKA_RESP_ERR_NO_ERROR { state.isConnected = true }
                guard let waiting = state.waiting.removeValue(forKey: UInt(bitPattern: fields._private)) else {
                    continue
                }
                outcomes.append(
                    Outcome(report: waiting.report, result: Self.result(message, waiting.topic)))
            }
        }
        for outcome in outcomes { outcome.report(outcome.result) }
    }

    private static func result(
        _ message: UnsafePointer<rd_kafka_message_t>,
        _ topic: String
    ) -> Result<KafkaOffset, KafkaSendError> {
        let fields = message.pointee
        guard fields.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .failure(KafkaSendError(delivery: fields.err, status: rd_kafka_message_status(message)))
        }
        // Stored, but where is not said: of a record that was sent twice the broker acknowledges the second one so.
        let offset = fields.offset >= 0 ? fields.offset : -1
        return .success(KafkaOffset(topic: topic, partition: fields.partition, offset: offset))
    }

    private func noteError(_ error: rd_kafka_resp_err_t) {
        switch error {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            state.withLock { $0.isConnected = false }
            logger.warning("kafka producer has lost all brokers")
        default:
            logger.warning("kafka producer error", metadata: ["kafka.code": "\(error.rawValue)"])
        }
    }

    /// From now on nothing is enqueued.
    func refuseSends() {
        state.withLock { state in
            state.refusal = KafkaSendError(code: .fatal, mayBeStored: false)
            state.isConnected = false
        }
    }

    /// Ends this generation: acknowledgements until the deadline, then what is left is given up and the client freed.
    ///
    /// Only on the serving thread.
    func finish(until deadline: ContinuousClock.Instant) {
        state.withLock { state in
            if state.refusal == nil { state.refusal = KafkaSendError(code: .shuttingDown, mayBeStored: false) }
            // Known to be connected as far as finishing goes: no probe may hold it up.
            state.isConnected = true
        }
        serveReports(until: deadline)
        if pendingCount > 0 {
            rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            serveReports(until: .now + Self.purgeLimit)
        }
        let left = state.withLock { state in
            defer { state.waiting.removeAll() }
            return Array(state.waiting.values)
        }
        for waiting in left {
            let error = KafkaSendError(code: .possiblyPersisted, mayBeStored: true)
            waiting.report(.failure(error))
        }
        queue.withLock { $0 = nil }
        if !handle.destroy() { logger.warning("kafka producer was not freed in time") }
    }

    private func serveReports(until deadline: ContinuousClock.Instant) {
        while pendingCount > 0 {
            let left = deadline - .now
            guard left > .zero else { return }
            state.withLock { $0.isConnected = true }
            _ = serveOnce(for: min(left, Self.longestWait))
        }
    }

    /// Makes the serving thread look again whether it is to go on.
    func wake() {
        queue.withLock { $0 }?.wake()
    }

    func failForTest() {
        _ = handle.use { rd_kafka_test_fatal_error($0, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test") }
    }
}
