public import Logging
public import ServiceLifecycle
import Synchronization

/// Writes records, each acknowledged by all in-sync replicas and stored once however often the client has to repeat it.
///
/// Created running: ``submit(_:generation:_:)`` works at once. Whoever creates one must let ``run()`` or
/// ``close(within:)`` end it, since its thread keeps it alive.
public final class KafkaProducer: Service, Sendable {
    /// How long ``run()`` lets records wait for their acknowledgement after a graceful shutdown began.
    public static let shutdownLimit: Duration = .seconds(5)

    private struct State {
        var generation: ProducerGeneration?
        var closeDeadline: ContinuousClock.Instant?
        var failureHandlers: [@Sendable () -> Void] = []
        /// Number of the client that sends now, or of the last one.
        var number = 0
    }

    private let configuration: KafkaConfiguration
    private let logger: Logger
    private let state: Mutex<State>
    private let closing = Completion()
    private let closed = Completion()

    /// Makes a producer, which sends at once.
    public init(configuration: KafkaConfiguration, logger: Logger) throws(KafkaError) {
        self.configuration = configuration
        self.logger = logger
        let generation = try ProducerGeneration(number: 0, configuration: configuration, logger: logger)
        self.state = Mutex(State(generation: generation))
        KafkaThread.start("kafka-producer") { [self] in serve(generation) }
    }

    /// Number of the client that sends now: it rises when one failed for good and was replaced.
    public var generation: Int { state.withLock { $0.number } }

    /// Tells of a client that failed for good: called on its thread before it is replaced, while sends are refused.
    ///
    /// Whoever must let go of something does so in it. Handlers are kept as long as the producer.
    public func onFailure(_ handler: @escaping @Sendable () -> Void) {
        state.withLock { $0.failureHandlers.append(handler) }
    }

    /// Sends one record; when nobody acknowledges it, the delivery timeout ends the wait.
    ///
    /// - Parameters:
    ///   - generation: the only client that may send it; refused as `.fatal` when another one sends by now.
    ///   - report: called once, on this thread when the record is refused at once, else on the producer's own, which
    ///     it must not block. The offset of a record that is stored at an unknown place is -1.
    public func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        guard let current = state.withLock({ $0.closeDeadline == nil ? $0.generation : nil }) else {
            report(.failure(KafkaSendError(code: .shuttingDown, mayBeStored: false)))
            return
        }
        guard generation ?? current.number == current.number else {
            report(.failure(KafkaSendError(code: .fatal, mayBeStored: false)))
            return
        }
        current.enqueue(record, report)
    }

    /// Keeps the producer open until the graceful shutdown or the task's cancellation, then closes it.
    public func run() async {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await closing.wait()
            } onGracefulShutdown: {
                self.beginClosing(within: Self.shutdownLimit)
            }
        } onCancel: {
            self.beginClosing(within: Self.shutdownLimit)
        }
        await closed.wait()
    }

    /// Refuses new records, waits for those under way, and ends.
    ///
    /// Those without acknowledgement in time end as possibly stored, except where librdkafka knows better.
    public func close(within limit: Duration) async {
        beginClosing(within: limit)
        await closed.wait()
    }

    /// Whether a broker answers and sends are accepted.
    public var isHealthy: Bool {
        state.withLock { $0.closeDeadline == nil ? $0.generation : nil }?.isHealthy ?? false
    }

    /// Records that wait for their acknowledgement.
    public var pendingRecords: Int {
        state.withLock { $0.generation }?.pendingCount ?? 0
    }

    /// Lends the client that sends now; nil when there is none.
    ///
    /// The body bounds its own time, since the client is freed after it.
    func use<Result>(_ body: (OpaquePointer) -> Result) -> Result? {
        state.withLock { $0.closeDeadline == nil ? $0.generation : nil }?.use(body)
    }

    /// How often the client failed for good and was replaced.
    public var replacements: Int { generation }

    /// Makes librdkafka's client fail as the idempotent producer can on a disconnect.
    func failForTest() {
        state.withLock { $0.generation }?.failForTest()
    }

    private func beginClosing(within limit: Duration) {
        let generation = state.withLock { state in
            if state.closeDeadline == nil { state.closeDeadline = .now + limit }
            return state.generation
        }
        closing.complete()
        generation?.wake()
        if generation == nil { closed.complete() }
    }

    /// The thread of one generation: reports until the client fails or is closed.
    private func serve(_ generation: ProducerGeneration) {
        while true {
            if let deadline = state.withLock({ $0.closeDeadline }) {
                generation.finish(until: deadline)
                state.withLock { $0.generation = nil }
                closed.complete()
                return
            }
            guard generation.serveOnce() == .failed else { continue }
            generation.refuseSends()
            logger.critical("kafka producer failed for good, replacing it")
            for handler in state.withLock({ $0.failureHandlers }) { handler() }
            let isReplaced = replace(generation.number + 1)
            generation.finish(until: .now)
            if !isReplaced {
                state.withLock { $0.generation = nil }
                closed.complete()
            }
            return
        }
    }

    /// Starts the next generation; false when the producer is closed before that succeeds.
    private func replace(_ number: Int) -> Bool {
        while state.withLock({ $0.closeDeadline == nil }) {
            do throws(KafkaError) {
                let next = try ProducerGeneration(
                    number: number, configuration: configuration, logger: logger)
                state.withLock { state in
                    state.generation = next
                    state.number = number
                }
                KafkaThread.start("kafka-producer") { [self] in serve(next) }
                return true
            } catch {
                logger.critical("kafka producer cannot be replaced", metadata: ["error.code": "\(error.code.rawValue)"])
                if closing.waitOnThread(within: .seconds(1)) { break }
            }
        }
        return false
    }
}
