import CRdKafka
public import Logging
import Synchronization

/// Answers where partitions begin and end, all of them in one request to each broker.
///
/// Asks over a client that reads no records, since on a connection that also fetches a question waits for as long as
/// the fetch before it may: over the process's producer, or over one of its own, made by the first question.
public final class KafkaOffsets: Sendable {
    private struct Client: Sendable {
        var handle: KafkaHandle
        var events: KafkaQueue
    }

    private struct State {
        var client: Client?
        var isClosed = false
    }

    private enum Way: Sendable {
        case producer(KafkaProducer)
        case own(KafkaConfiguration)
    }

    private let way: Way
    private let logger: Logger
    private let thread = KafkaWorkThread("kafka-offsets")
    private let state = Mutex(State())
    private let closing = Completion()

    /// Takes how to reach the cluster; nothing is done before the first question.
    public init(configuration: KafkaConfiguration, logger: Logger) {
        self.way = .own(configuration)
        self.logger = logger
    }

    /// Asks over a producer, whose connections are there anyway.
    public init(producer: KafkaProducer, logger: Logger) {
        self.way = .producer(producer)
        self.logger = logger
    }

    deinit { close() }

    /// First offset and end of each partition, as the brokers have them now.
    public func bounds(
        of partitions: [KafkaPartition], within limit: Duration
    ) async throws(KafkaError) -> [KafkaPartition: Range<Int64>] {
        let deadline = ContinuousClock.now + limit
        let starts = try await ask(partitions, .start, until: deadline)
        let ends = try await ask(partitions, .end, until: deadline)
        return starts.reduce(into: [:]) { bounds, start in
            // Asked one after the other, so that the log can have moved between the two.
            bounds[start.key] = start.value..<max(start.value, ends[start.key] ?? start.value)
        }
    }

    /// The offset behind the last record of each partition, as the brokers have it now.
    public func ends(
        of partitions: [KafkaPartition], within limit: Duration
    ) async throws(KafkaError) -> [KafkaPartition: Int64] {
        try await ask(partitions, .end, until: .now + limit)
    }

    /// The offset of the first record that is still there, for each partition.
    public func starts(
        of partitions: [KafkaPartition], within limit: Duration
    ) async throws(KafkaError) -> [KafkaPartition: Int64] {
        try await ask(partitions, .start, until: .now + limit)
    }

    /// Frees the client; questions that wait, and later ones, fail as closed.
    public func close() {
        let (isFirst, handle) = state.withLock { state in
            defer {
                state.isClosed = true
                // The queue goes before the client that it belongs to.
                state.client = nil
            }
            return (!state.isClosed, state.client?.handle)
        }
        guard isFirst else { return }
        closing.complete()
        guard let handle else { return }
        // Behind the question that may be under way.
        thread.perform { [logger] in
            if !handle.destroy() { logger.warning("kafka client for offsets was not freed in time") }
        }
    }

    private func ask(
        _ partitions: [KafkaPartition], _ place: OffsetQuestion.Place, until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        let question = OffsetQuestion(partitions: partitions, place: place, deadline: deadline)
        let answer: Result<[KafkaPartition: Int64], KafkaError> = await withCheckedContinuation { continuation in
            thread.perform { [self] in continuation.resume(returning: ask(question)) }
        }
        return try answer.get()
    }

    /// On the thread.
    private func ask(_ question: OffsetQuestion) -> Result<[KafkaPartition: Int64], KafkaError> {
        let configuration: KafkaConfiguration
        switch way {
        case .own(let own): configuration = own
        case .producer(let producer):
            return producer.use { pointer in question.ask(pointer) { [closing] in closing.waitOnThread(within: $0) } }
                ?? .failure(KafkaError(code: .closed))
        }
        do throws(KafkaError) {
            let client = try client(configuration)
            defer { note(client.events) }
            return client.handle.use { pointer in
                question.ask(pointer) { [closing] in closing.waitOnThread(within: $0) }
            } ?? .failure(KafkaError(code: .closed))
        } catch {
            return .failure(error)
        }
    }

    /// The client, made when there is none; on the thread, so that only one is made.
    private func client(_ configuration: KafkaConfiguration) throws(KafkaError) -> Client {
        let (known, isClosed) = state.withLock { ($0.client, $0.isClosed) }
        if isClosed { throw KafkaError(code: .closed) }
        if let known { return known }
        var own = configuration.readerSettings()
        own["statistics.interval.ms"] = "0"
        let settings = try configuration.settings(adding: own)
        let handle = try KafkaHandle(.consumer, settings: settings, events: RD_KAFKA_EVENT_ERROR)
        guard let events = KafkaQueue(rd_kafka_queue_get_main(handle.pointer), of: handle) else {
            throw KafkaError(code: .creationFailed)
        }
        let client = Client(handle: handle, events: events)
        let isKept = state.withLock { state in
            if !state.isClosed { state.client = client }
            return !state.isClosed
        }
        guard isKept else {
            handle.destroy()
            throw KafkaError(code: .closed)
        }
        return client
    }

    /// Logs what happened since the last question.
    private func note(_ events: KafkaQueue) {
        while let event = events.poll(for: .zero) {
            defer { rd_kafka_event_destroy(event) }
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_LOG: KafkaEventLog.emit(event, to: logger)
            case RD_KAFKA_EVENT_ERROR:
                logger.warning(
                    "kafka error while asking for offsets",
                    metadata: ["kafka.code": "\(rd_kafka_event_error(event).rawValue)"])
            default: break
            }
        }
    }
}
