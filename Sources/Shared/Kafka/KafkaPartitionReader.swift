import CRdKafka
public import Logging
public import ServiceLifecycle
import Synchronization

/// Reads partitions that it is told, from offsets that it is told, without a group and without committing anything.
///
/// Only numeric offsets: a reader that starts "at the end" misses what is written before the broker has answered where
/// that is. Ask ``endOffsets(_:within:)`` first and assign the answer.
public final class KafkaPartitionReader: Service, Sendable {
    /// The most messages that are delivered at once.
    static let maximumBatchMessages = 256
    /// The longest sleep of the reading thread without an event.
    static let longestWait: Duration = .seconds(1)
    /// How long one question for reachability may hold up messages while no broker is connected.
    static let probeLimit: Duration = .milliseconds(250)

    private struct State {
        var queue: KafkaQueue?
        var assignment: (offsets: [KafkaOffset], begun: @Sendable () -> Void)?
        var isClosing = false
        var hasStarted = false
        var isConnected = false
    }

    private let handle: KafkaHandle
    private let handler: @Sendable ([KafkaMessage]) -> Void
    private let headers: Set<String>?
    private let logger: Logger
    private let statistics = KafkaStatistics(client: "reader")
    private let state: Mutex<State>
    private let closed = Completion()

    /// Makes a reader; nothing is delivered before ``run()``.
    ///
    /// - Parameters:
    ///   - headers: the only ones that messages are given; all when it is `nil`.
    ///   - handler: called on the reader's own thread with messages in order within each partition.
    public init(
        configuration: KafkaConfiguration,
        headers: Set<String>? = nil,
        handler: @escaping @Sendable ([KafkaMessage]) -> Void,
        logger: Logger
    ) throws(KafkaError) {
        let settings = try configuration.settings(adding: configuration.readerSettings())
        let handle = try KafkaHandle(.consumer, settings: settings, events: RD_KAFKA_EVENT_ERROR)
        guard
            let queue = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle),
            let main = KafkaQueue(rd_kafka_queue_get_main(handle.pointer), of: handle)
        else { throw KafkaError(code: .creationFailed) }
        // Errors and logs go the way of messages, so that one thread waits in one queue.
        rd_kafka_queue_forward(main.pointer, queue.pointer)
        self.handle = handle
        self.handler = handler
        self.headers = headers
        self.logger = logger
        self.state = Mutex(State(queue: queue))
    }

    /// Reads exactly these partitions from exactly these offsets, instead of what was read before.
    ///
    /// An offset outside the log is logged as an error and reading starts at the beginning of the log.
    /// - Parameter begun: called on the reader's thread when nothing of an earlier assignment will be delivered any
    ///   more; not called when another assignment came first.
    public func assign(_ offsets: [KafkaOffset], begun: @escaping @Sendable () -> Void = {}) {
        let queue = state.withLock { state in
            state.assignment = (offsets, begun)
            return state.queue
        }
        queue?.wake()
    }

    /// The offset behind the last record of each partition, as the broker has it now.
    public func endOffsets(_ partitions: [KafkaPartition], within limit: Duration) async throws(KafkaError)
        -> [KafkaOffset]
    {
        try await places(partitions, .end, within: limit)
    }

    /// The offset of the first record that is still there, for each partition.
    public func startOffsets(_ partitions: [KafkaPartition], within limit: Duration) async throws(KafkaError)
        -> [KafkaOffset]
    {
        try await places(partitions, .start, within: limit)
    }

    private func places(
        _ partitions: [KafkaPartition],
        _ place: OffsetQuestion.Place,
        within limit: Duration
    ) async throws(KafkaError) -> [KafkaOffset] {
        let question = OffsetQuestion(partitions: partitions, place: place, deadline: .now + limit)
        let found = try await KafkaThread.run("kafka-offsets") {
            [handle] () -> Result<[KafkaPartition: Int64], KafkaError> in
            handle.use { question.ask($0) } ?? .failure(KafkaError(code: .closed))
        }
        return partitions.compactMap { partition in
            found[partition].map { KafkaOffset(partition: partition, offset: $0) }
        }
    }

    /// Reads until the graceful shutdown, the task's cancellation or ``close()``.
    public func run() async {
        let isFirst = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        if isFirst {
            KafkaThread.start("kafka-reader") { [self] in
                serve()
                closed.complete()
            }
        }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await closed.wait()
            } onGracefulShutdown: {
                self.close()
            }
        } onCancel: {
            self.close()
        }
    }

    /// Begins to close; ``run()`` returns when the handler has.
    public func close() {
        let queue = state.withLock { state in
            state.isClosing = true
            return state.queue
        }
        queue?.wake()
    }

    /// Whether a broker answers.
    public var isConnected: Bool { state.withLock { $0.isConnected } }

    private func serve() {
        var decoder = KafkaMessageDecoder()
        decoder.wantedHeaders = headers
        var active: [ActivePartition] = []
        while let queue = state.withLock({ $0.isClosing ? nil : $0.queue }) {
            let assignment = state.withLock { state in
                defer { state.assignment = nil }
                return state.assignment
            }
            if let assignment {
                for partition in active { partition.stop() }
                active = assignment.offsets.compactMap { start($0, queue) }
                assignment.begun()
            }
            probe()
            deliver(from: queue, &decoder)
        }
        for partition in active { partition.stop() }
        state.withLock { state in
            state.queue = nil
            state.isConnected = false
        }
        if !handle.destroy() { logger.warning("kafka reader was not freed in time") }
    }

    private func start(_ offset: KafkaOffset, _ queue: KafkaQueue) -> ActivePartition? {
        let started = ActivePartition(offset, handle, queue)
        if started == nil {
            logger.error(
                "kafka partition cannot be read",
                metadata: [
                    "kafka.topic": "\(offset.partition.topic)", "kafka.partition": "\(offset.partition.partition)",
                ])
        }
        return started
    }

    private func probe() {
        guard !isConnected, handle.isReachable(within: Self.probeLimit) else { return }
        state.withLock { $0.isConnected = true }
    }

    private func deliver(from queue: KafkaQueue, _ decoder: inout KafkaMessageDecoder) {
        guard let first = queue.poll(for: Self.longestWait) else { return }
        var batch: [KafkaMessage] = []
        take(first, into: &batch, &decoder)
        while batch.count < Self.maximumBatchMessages, let event = queue.poll(for: .zero) {
            take(event, into: &batch, &decoder)
        }
        if !batch.isEmpty { handler(batch) }
    }

    private func take(_ event: OpaquePointer, into batch: inout [KafkaMessage], _ decoder: inout KafkaMessageDecoder) {
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_FETCH:
            while let message = rd_kafka_event_message_next(event) {
                let error = message.pointee.err
                if error == RD_KAFKA_RESP_ERR_NO_ERROR { batch.append(decoder.decode(message)) } else { note(error) }
            }
        case RD_KAFKA_EVENT_ERROR: note(rd_kafka_event_error(event))
        case RD_KAFKA_EVENT_STATS: statistics.publish(event)
        case RD_KAFKA_EVENT_LOG: KafkaEventLog.emit(event, to: logger)
        default: break
        }
    }

    private func note(_ error: rd_kafka_resp_err_t) {
        switch error {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            return
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            state.withLock { $0.isConnected = false }
            logger.warning("kafka reader has lost all brokers")
        default:
            logger.warning("kafka reader error", metadata: ["kafka.code": "\(error.rawValue)"])
        }
    }
}
