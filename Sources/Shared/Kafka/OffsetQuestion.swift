import CRdKafka
import Dispatch

/// A question to the brokers about where partitions begin or end: one request to each broker that leads some of them.
///
/// Blocks, so only on a thread that may.
struct OffsetQuestion {
    /// What is asked for, as the timestamp that Kafka gives a meaning of its own.
    enum Place: Int64, Sendable {
        /// Behind the last record.
        case end = -1
        /// At the first record that is still there.
        case start = -2
    }

    /// Shortest and longest pause before what had no answer is asked again.
    static let pauses: ClosedRange<Duration> = .milliseconds(50)...(.milliseconds(500))

    let partitions: [KafkaPartition]
    let place: Place
    let deadline: ContinuousClock.Instant

    /// Asks until every partition has an answer: right after a topic was made its leader may not know it yet.
    ///
    /// - Parameter isEnding: blocks for a pause; true when nobody wants to know any more.
    func ask(
        _ client: OpaquePointer,
        pausing isEnding: (Duration) -> Bool = { Self.pause($0) }
    ) -> Result<[KafkaPartition: Int64], KafkaError> {
        var found: [KafkaPartition: Int64] = [:]
        var missing = Set(partitions).sorted()
        var pause = Self.pauses.lowerBound
        while !missing.isEmpty {
            let left = deadline - .now
            guard left > .zero else { return .failure(KafkaError(code: .timedOut)) }
            let (error, answers) = askOnce(missing, client, within: left)
            found.merge(answers) { $1 }
            missing.removeAll { answers[$0] != nil }
            guard !missing.isEmpty else { break }
            let reason = KafkaError(
                error == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : error)
            guard reason.code != .unauthorized, deadline - .now > pause else { return .failure(reason) }
            if isEnding(pause) { return .failure(KafkaError(code: .closed)) }
            pause = min(pause * 2, Self.pauses.upperBound)
        }
        return .success(found)
    }

    /// One request to each broker; what has no answer is absent.
    private func askOnce(
        _ asked: [KafkaPartition], _ client: OpaquePointer, within limit: Duration
    ) -> (error: rd_kafka_resp_err_t, answers: [KafkaPartition: Int64]) {
        let offsets = asked.map { KafkaOffset(partition: $0, offset: place.rawValue) }
        return PartitionList.with(offsets) { list in
            let error = rd_kafka_offsets_for_times(client, list, max(1, limit.clampedMilliseconds))
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { return (error, [:]) }
            // What was not answered still has the negative number that it was asked with.
            return PartitionList.offsets(list).reduce(into: (error, [:])) { $0.1[$1.partition] = $1.offset }
        }
    }

    private static func pause(_ limit: Duration) -> Bool {
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(Int(limit.clampedMilliseconds)))
        return false
    }
}
