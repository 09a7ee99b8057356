import Shared
import Synchronization

/// A broker's place: keeps every record, and passes each on to whoever reads its topic.
final class RecordingSender: RecordSender {
    private let received = Mutex<[KafkaRecord]>([])
    private let reader: @Sendable (KafkaRecord) -> Void

    init(reader: @escaping @Sendable (KafkaRecord) -> Void) {
        self.reader = reader
    }

    /// Everything that was sent.
    var records: [KafkaRecord] { received.withLock { $0 } }

    /// What was sent to a topic, as a reader sees it.
    func stored(in topic: String) -> [KafkaMessage] { records.filter { $0.topic == topic }.map(\.asRead) }

    func send(_ record: KafkaRecord) async throws(KafkaSendError) -> KafkaOffset {
        let count = received.withLock { received in
            received.append(record)
            return Int64(received.count)
        }
        reader(record)
        return KafkaOffset(topic: record.topic, partition: record.partition, offset: count)
    }
}

extension KafkaRecord {
    /// The record as it is read back.
    var asRead: KafkaMessage {
        KafkaMessage(topic: topic, partition: partition, offset: 0, key: key, value: value, headers: headers)
    }
}
