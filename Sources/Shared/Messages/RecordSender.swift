/// Writes records to Kafka; the product uses ``KafkaProducer``, tests a recording one.
public protocol RecordSender: Sendable {
    /// Sends one record and waits for the broker's acknowledgement.
    /// - Throws: ``KafkaSendError``, which says whether the record may be stored all the same.
    @discardableResult
    func send(_ record: KafkaRecord) async throws(KafkaSendError) -> KafkaOffset
}

extension KafkaProducer: RecordSender {}

extension RecordSender {
    /// Sends a record again and again until the broker has it: stored twice is better than not at all.
    /// - Returns: `false` when the task was cancelled, `isTooLate` became true or the record is too large.
    public func sendUntilStored(
        _ record: KafkaRecord, backoff: Backoff = Backoff(first: .milliseconds(100), cap: .seconds(5)),
        isTooLate: @Sendable () -> Bool = { false }
    ) async -> Bool {
        var attempt = 1
        while !Task.isCancelled {
            do {
                try await send(record)
                return true
            } catch {
                if isTooLate() || error.code == .messageTooLarge { return false }
            }
            do { try await Task.sleep(for: backoff.delay(afterAttempt: attempt)) } catch { return false }
            attempt += 1
        }
        return false
    }
}
