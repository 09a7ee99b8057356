import Synchronization

/// Writes records to Kafka; the product uses ``KafkaProducer``, tests a recording one.
public protocol RecordSender: Sendable {
    /// Number of the client that sends now: what another one has under way may be stored behind what this one sends.
    var generation: Int { get }

    /// Sends one record, in the order of the calls; never blocks.
    ///
    /// - Parameters:
    ///   - generation: the only client that may send it, when it is given: refused as `.fatal` when that is over.
    ///   - report: called once, on any thread: with the broker's acknowledgement, whose offset is negative when the
    ///     record is stored at a place that is not known; or with why there is none and whether the record may be
    ///     stored all the same.
    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void)
}

extension KafkaProducer: RecordSender {}

/// What became of a record that was sent until it was stored.
public enum StoreOutcome: Sendable, Hashable {
    /// The broker has it.
    case stored
    /// The broker will never take it.
    case tooLarge
    /// The task was cancelled, or it was too late.
    case givenUp
}

extension RecordSender {
    /// Sends one record by whichever client sends now.
    public func submit(
        _ record: KafkaRecord, _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        submit(record, generation: nil, report)
    }

    /// Sends one record and returns where it was stored, once the broker has acknowledged it.
    ///
    /// What is sent cannot be recalled: cancelling the task does not end the wait.
    /// - Throws: ``KafkaSendError``, which says whether the record may be stored all the same.
    @discardableResult
    public func send(_ record: KafkaRecord) async throws(KafkaSendError) -> KafkaOffset {
        let result: Result<KafkaOffset, KafkaSendError> = await withCheckedContinuation { continuation in
            submit(record) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Sends one record now, for somebody who asks later what became of it.
    public func begin(_ record: KafkaRecord) -> SentRecord {
        let sent = SentRecord()
        submit(record) { sent.end($0) }
        return sent
    }

    /// Sends a record again and again until the broker has it: stored twice is better than not at all.
    ///
    /// - Parameter begun: the first attempt, when it was begun already.
    public func sendUntilStored(
        _ record: KafkaRecord, begun: SentRecord? = nil,
        backoff: Backoff = Backoff(first: .milliseconds(100), cap: .seconds(5)),
        timing: Timing = .system, isTooLate: @Sendable () -> Bool = { false }
    ) async -> StoreOutcome {
        var attempt = 1
        while !Task.isCancelled {
            do {
                if attempt == 1, let begun { _ = try await begun.end() } else { try await send(record) }
                return .stored
            } catch {
                if error.code == .messageTooLarge { return .tooLarge }
                if isTooLate() { return .givenUp }
            }
            guard await timing.delay(for: backoff.delay(afterAttempt: attempt)) else { return .givenUp }
            attempt += 1
        }
        return .givenUp
    }
}

/// A record that was sent, and what became of it.
public final class SentRecord: Sendable {
    private struct State {
        var result: Result<KafkaOffset, KafkaSendError>?
        var waiter: CheckedContinuation<Result<KafkaOffset, KafkaSendError>, Never>?
    }

    private let state = Mutex(State())

    /// Notes what became of it, once.
    fileprivate func end(_ result: Result<KafkaOffset, KafkaSendError>) {
        let waiter = state.withLock { state in
            state.result = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: result)
    }

    /// Waits for the broker's acknowledgement; for one caller.
    public func end() async throws(KafkaSendError) -> KafkaOffset {
        let result: Result<KafkaOffset, KafkaSendError> = await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.result == nil { state.waiter = continuation }
                return state.result
            }
            if let known { continuation.resume(returning: known) }
        }
        return try result.get()
    }
}
