import Shared
import Synchronization

/// A broker's place: keeps every record, and passes each on to whoever reads its topic.
final class RecordingSender: RecordSender {
    private let received = Mutex<(messages: [KafkaMessage], ends: [KafkaPartition: Int64])>(([], [:]))
    /// Held while a record is kept and passed on, so that readers meet records in the order of their offsets.
    private let delivery = Mutex(())
    private let reader: @Sendable (KafkaMessage) -> Void

    init(reader: @escaping @Sendable (KafkaMessage) -> Void) {
        self.reader = reader
    }

    /// Everything that was sent.
    var records: [KafkaMessage] { received.withLock { $0.messages } }

    /// What was sent to a topic, as a reader sees it.
    func stored(in topic: String) -> [KafkaMessage] { records.filter { $0.topic == topic } }

    var generation: Int { 0 }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        let offset = delivery.withLock { _ in
            let message = received.withLock { received in
                let partition = KafkaPartition(topic: record.topic, partition: record.partition)
                let offset = received.ends[partition] ?? 0
                received.ends[partition] = offset + 1
                let message = KafkaMessage(
                    topic: record.topic, partition: record.partition, offset: offset, key: record.key,
                    value: record.value, headers: record.headers)
                received.messages.append(message)
                return message
            }
            reader(message)
            return KafkaOffset(topic: record.topic, partition: record.partition, offset: message.offset)
        }
        report(.success(offset))
    }
}
