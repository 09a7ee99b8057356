import Shared
import Synchronization

/// A broker's place: keeps what is sent, after failing as often as it is told.
final class RecordingSender: RecordSender {
    private struct State {
        var stored: [KafkaRecord] = []
        var failures: [String: [KafkaSendError]] = [:]
        var attempts = 0
    }

    private let state = Mutex(State())

    /// Lets the next sends to a topic fail with these errors.
    func fail(_ topic: String, with errors: [KafkaSendError]) {
        state.withLock { $0.failures[topic] = errors }
    }

    /// What was stored in a topic, as a reader sees it.
    func stored(in topic: String) -> [KafkaMessage] {
        state.withLock { $0.stored }.filter { $0.topic == topic }.enumerated().map { $1.asRead(at: Int64($0)) }
    }

    /// Everything that was stored.
    var storedCount: Int { state.withLock { $0.stored.count } }

    /// Sends, failed ones included.
    var attempts: Int { state.withLock { $0.attempts } }

    func send(_ record: KafkaRecord) async throws(KafkaSendError) -> KafkaOffset {
        let result: Result<KafkaOffset, KafkaSendError> = state.withLock { state in
            state.attempts += 1
            if let error = state.failures[record.topic]?.first {
                state.failures[record.topic]?.removeFirst()
                return .failure(error)
            }
            state.stored.append(record)
            let offset = Int64(state.stored.count)
            return .success(KafkaOffset(topic: record.topic, partition: record.partition, offset: offset))
        }
        return try result.get()
    }
}

extension KafkaRecord {
    /// The record as it is read back.
    func asRead(at offset: Int64 = 0) -> KafkaMessage {
        KafkaMessage(
            topic: topic, partition: partition, offset: offset, key: key, value: value, headers: headers)
    }
}
