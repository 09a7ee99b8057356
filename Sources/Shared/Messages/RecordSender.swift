/// Writes records to Kafka; the product uses ``KafkaProducer``, tests a recording one.
public protocol RecordSender: Sendable {
    /// Sends one record and waits for the broker's acknowledgement.
    /// - Throws: ``KafkaSendError``, which says whether the record may be stored all the same.
    @discardableResult
    func send(_ record: KafkaRecord) async throws(KafkaSendError) -> KafkaOffset
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
    /// Sends a record again and again until the broker has it: stored twice is better than not at all.
    public func sendUntilStored(
        _ record: KafkaRecord, backoff: Backoff = Backoff(first: .milliseconds(100), cap: .seconds(5)),
        timing: Timing = .system, isTooLate: @Sendable () -> Bool = { false }
    ) async -> StoreOutcome {
        var attempt = 1
        while !Task.isCancelled {
            do {
                try await send(record)
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
