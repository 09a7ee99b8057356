import CRdKafka
import Dispatch
import Synchronization

/// One librdkafka client: made once, freed once.
///
/// Sendable: librdkafka's functions may be called from any thread, `pointer` never changes, and it is freed only by
/// ``destroy(flags:within:)``, which first refuses new users and waits for those counted by ``use(_:)``. Threads that
/// use `pointer` directly belong to the one owner, who ends them before it calls ``destroy(flags:within:)``.
final class KafkaHandle: @unchecked Sendable {
    /// What the client is for.
    enum Role {
        case producer
        case consumer

        var type: rd_kafka_type_t {
            switch self {
            case .producer: RD_KAFKA_PRODUCER
            case .consumer: RD_KAFKA_CONSUMER
            }
        }
    }

    private struct Users {
        var count = 0
        var isRetired = false
    }

    let pointer: OpaquePointer
    private let users = Mutex(Users())
    private let lastUserLeft = DispatchSemaphore(value: 0)

    /// Makes a client.
    ///
    /// With `events` its logs and statistics arrive as events too; with none they are dropped.
    init(_ role: Role, settings: [(name: String, value: String)], events: Int32) throws(KafkaError) {
        guard let configuration = rd_kafka_conf_new() else { throw KafkaError(code: .creationFailed) }
        for (name, value) in settings {
            // The text of librdkafka's complaint is left aside: it quotes the value.
            let result = rd_kafka_conf_set(configuration, name, value, nil, 0)
            guard result == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw KafkaError(code: .invalidProperty, rawCode: result.rawValue, property: name)
            }
        }
        rd_kafka_conf_set_log_cb(configuration, nil)
        if events != 0 { rd_kafka_conf_set_events(configuration, events | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS) }
        guard let pointer = rd_kafka_new(role.type, configuration, nil, 0) else {
            // On failure the configuration stays the caller's.
            rd_kafka_conf_destroy(configuration)
            throw KafkaError(code: .creationFailed, rawCode: rd_kafka_last_error().rawValue)
        }
        self.pointer = pointer
        if events != 0 { rd_kafka_set_log_queue(pointer, nil) }
    }

    deinit {
        guard !users.withLock({ $0.isRetired }) else { return }
        // Freeing joins librdkafka's threads, and a deinitializer runs anywhere.
        _ = Self.free(pointer, flags: 0)
    }

    /// Runs a short, non-blocking use from any thread; nil when the client is being freed.
    func use<Result>(_ body: (OpaquePointer) -> Result) -> Result? {
        let isAdmitted = users.withLock { users in
            guard !users.isRetired else { return false }
            users.count += 1
            return true
        }
        guard isAdmitted else { return nil }
        defer {
            let isLast = users.withLock { users in
                users.count -= 1
                return users.isRetired && users.count == 0
            }
            if isLast { lastUserLeft.signal() }
        }
        return body(pointer)
    }

    /// How long freeing may take: librdkafka 2 can lose a reference to a partition when one assignment follows another
    /// at once, and then waits for its own threads for ever (confluentinc/librdkafka, issue 4674).
    static let freeingLimit: Duration = .seconds(5)

    /// Frees the client; blocks, so only on a thread of its own.
    ///
    /// Later calls do nothing.
    /// - Returns: `false` when librdkafka does not come to an end; what is left of the client goes with the process.
    @discardableResult
    func destroy(flags: Int32 = 0, within limit: Duration = KafkaHandle.freeingLimit) -> Bool {
        let (isFirst, mustWait) = users.withLock { users in
            defer { users.isRetired = true }
            return (!users.isRetired, users.count > 0)
        }
        guard isFirst else { return true }
        if mustWait { lastUserLeft.wait() }
        return Self.free(pointer, flags: flags).waitOnThread(within: limit)
    }

    private static func free(_ pointer: OpaquePointer, flags: Int32) -> Completion {
        let address = UInt(bitPattern: pointer)
        return KafkaThread.start("kafka-free") {
            guard let pointer = OpaquePointer(bitPattern: address) else { return }
            rd_kafka_destroy_flags(pointer, flags)
        }
    }

    /// Asks the brokers for nothing but an answer; blocks for up to `limit`.
    func isReachable(within limit: Duration) -> Bool {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(pointer, 0, nil, &metadata, limit.clampedMilliseconds)
        if let metadata { rd_kafka_metadata_destroy(metadata) }
        return error == RD_KAFKA_RESP_ERR_NO_ERROR
    }
}

/// One queue of a client.
///
/// Holds the client, so that it cannot outlive it; the client's owner ends the threads that hold queues before it frees
/// the client.
///
/// Sendable: the pointer never changes, librdkafka locks its queues, and the one release is the
/// deinitializer's.
final class KafkaQueue: @unchecked Sendable {
    let pointer: OpaquePointer
    private let handle: KafkaHandle
    private let waker = Mutex<KafkaWaker?>(nil)

    /// Takes over one reference to a queue of the client.
    init?(_ pointer: OpaquePointer?, of handle: KafkaHandle) {
        guard let pointer else { return nil }
        self.pointer = pointer
        self.handle = handle
    }

    deinit {
        if waker.withLock({ $0 }) != nil { rd_kafka_queue_cb_event_enable(pointer, nil, nil) }
        rd_kafka_queue_destroy(pointer)
    }

    /// Holds on to whom the queue wakes, for as long as it may.
    func keep(_ waker: KafkaWaker) { self.waker.withLock { $0 = waker } }

    /// Makes whoever waits in the queue return at once, now or at its next wait.
    func wake() {
        _ = handle.use { _ in rd_kafka_queue_yield(pointer) }
    }

    /// The next event, which the caller destroys; nil when none came in time or somebody called ``wake()``.
    func poll(for limit: Duration) -> OpaquePointer? {
        rd_kafka_queue_poll(pointer, limit.clampedMilliseconds)
    }
}
