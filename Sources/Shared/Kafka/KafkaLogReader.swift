import CRdKafka
public import Logging
public import ServiceLifecycle
import Synchronization

/// Reads ranges and single records of any partitions, for whoever keeps its state in logs.
///
/// What is read of a partition ends: a reader without ranges and look-ups fetches nothing. One thread for all
/// partitions; a look-up interrupts the range of its partition alone.
public final class KafkaLogReader: Service, Sendable {
    /// The longest sleep of the reading thread without an event.
    static let longestWait: Duration = .seconds(1)
    /// How long one question for reachability may hold up records while no broker is connected.
    static let probeLimit: Duration = .milliseconds(250)

    private enum Request: Sendable {
        case read(KafkaPartition, Int64, Int64)
        case lookUp(KafkaPartition, LogPartition.LookUp)
    }

    private struct State {
        var queue: KafkaQueue?
        var events: KafkaQueue?
        var requests: [Request] = []
        var isClosing = false
        var hasStarted = false
        var isConnected = false
    }

    private let handle: KafkaHandle
    private let handler: any KafkaLogHandler
    private let logger: Logger
    private let statistics = KafkaStatistics(client: "log")
    private let state: Mutex<State>
    private let closed = Completion()

    /// Makes a reader; nothing is read before ``run()``.
    public init(
        configuration: KafkaConfiguration, logger: Logger, handler: any KafkaLogHandler
    ) throws(KafkaError) {
        let settings = try configuration.settings(adding: configuration.logReaderSettings)
        let handle = try KafkaHandle(.consumer, settings: settings, events: RD_KAFKA_EVENT_ERROR)
        guard
            let queue = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle),
            let events = KafkaQueue(rd_kafka_queue_get_main(handle.pointer), of: handle)
        else { throw KafkaError(code: .creationFailed) }
        self.handle = handle
        self.handler = handler
        self.logger = logger
        self.state = Mutex(State(queue: queue, events: events))
    }

    /// Reads a partition from an offset up to before another one, instead of what was being read of it.
    ///
    /// What the log still has of it is delivered, then the handler is told that the end was reached, and the partition
    /// is not fetched any more.
    public func read(_ partition: KafkaPartition, from offset: Int64, upTo end: Int64) {
        ask(.read(partition, offset, end))
    }

    /// The record at exactly this offset; nil when the log has none there.
    ///
    /// Look-ups of one partition are answered in order, those of several at once.
    public func record(at place: KafkaOffset, within limit: Duration) async throws(KafkaError) -> KafkaMessage? {
        guard place.offset >= 0 else { return nil }
        let deadline = ContinuousClock.now + limit
        let result: Result<KafkaMessage?, KafkaError> = await withCheckedContinuation { continuation in
            let lookUp = LogPartition.LookUp(offset: place.offset, deadline: deadline) {
                continuation.resume(returning: $0)
            }
            ask(.lookUp(place.partition, lookUp))
        }
        return try result.get()
    }

    private func ask(_ request: Request) {
        let (isTaken, queue) = state.withLock { state in
            let isTaken = state.queue != nil && !state.isClosing
            if isTaken { state.requests.append(request) }
            return (isTaken, state.queue)
        }
        guard !isTaken else { return queue?.wake() ?? () }
        if case .lookUp(_, let lookUp) = request { lookUp.report(.failure(KafkaError(code: .closed))) }
    }

    /// Reads until the graceful shutdown, the task's cancellation or ``close()``.
    public func run() async {
        let isFirst = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        if isFirst {
            KafkaThread.start("kafka-log") { [self] in
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

    /// Begins to close: who waits for a record is told so, and ``run()`` returns when the handler has.
    public func close() {
        let (queue, left) = state.withLock { state in
            state.isClosing = true
            defer { if !state.hasStarted { state.requests = [] } }
            return (state.queue, state.hasStarted ? [] : state.requests)
        }
        queue?.wake()
        refuse(left)
    }

    private func refuse(_ requests: [Request]) {
        for case .lookUp(_, let lookUp) in requests { lookUp.report(.failure(KafkaError(code: .closed))) }
    }

    /// Whether a broker answers.
    public var isConnected: Bool { state.withLock { $0.isConnected } }

    private func serve() {
        if let queue = state.withLock({ $0.queue }) {
            var thread = LogReaderThread(handle: handle, queue: queue, handler: handler, logger: logger)
            while !state.withLock({ $0.isClosing }) { turn(&thread) }
            thread.close()
        }
        let left = state.withLock { state in
            state.queue = nil
            state.events = nil
            state.isConnected = false
            defer { state.requests = [] }
            return state.requests
        }
        refuse(left)
        if !handle.destroy() { logger.warning("kafka log reader was not freed in time") }
    }

    private func turn(_ thread: inout LogReaderThread) {
        let requests = state.withLock { state in
            defer { state.requests.removeAll(keepingCapacity: true) }
            return state.requests
        }
        for request in requests {
            switch request {
            case .read(let partition, let offset, let end): thread.read(partition, from: offset, upTo: end)
            case .lookUp(let partition, let lookUp): thread.lookUp(partition, lookUp)
            }
        }
        thread.expire(at: .now)
        thread.apply()
        serveEvents()
        probe()
        let left = thread.nextDeadline.map { max(.zero, $0 - .now) } ?? Self.longestWait
        // A little longer than the deadline, whose milliseconds are cut off.
        if thread.deliver(within: min(left + .milliseconds(1), Self.longestWait)) {
            state.withLock { $0.isConnected = true }
        }
    }

    private func probe() {
        guard !isConnected, handle.isReachable(within: Self.probeLimit) else { return }
        state.withLock { $0.isConnected = true }
    }

    private func serveEvents() {
        guard let events = state.withLock({ $0.events }) else { return }
        while let event = events.poll(for: .zero) {
            defer { rd_kafka_event_destroy(event) }
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_ERROR: note(rd_kafka_event_error(event))
            case RD_KAFKA_EVENT_STATS: statistics.publish(event)
            case RD_KAFKA_EVENT_LOG: KafkaEventLog.emit(event, to: logger)
            default: break
            }
        }
    }

    private func note(_ error: rd_kafka_resp_err_t) {
        guard error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN else {
            return logger.warning("kafka log reader error", metadata: ["kafka.code": "\(error.rawValue)"])
        }
        state.withLock { $0.isConnected = false }
        logger.warning("kafka log reader has lost all brokers")
    }
}
