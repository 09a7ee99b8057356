import Synchronization

@testable import Shared

/// Keeps what a log reader tells.
final class RecordingLogHandler: KafkaLogHandler {
    struct Record: Sendable {
        var messages: [KafkaMessage] = []
        var count = 0
        var bytes = 0
        var reached: [KafkaOffset] = []
        var lost: [KafkaPartition] = []
    }

    private let record = Mutex(Record())
    private let keepsMessages: Bool

    init(keepsMessages: Bool = true) { self.keepsMessages = keepsMessages }

    var state: Record { record.withLock { $0 } }
    var count: Int { record.withLock { $0.count } }
    var reached: [KafkaOffset] { record.withLock { $0.reached } }
    var lost: [KafkaPartition] { record.withLock { $0.lost } }

    func offsets(of partition: KafkaPartition) -> [Int64] {
        record.withLock { $0.messages.filter { $0.topicPartition == partition }.map(\.offset) }
    }

    func received(_ batch: KafkaRecordBatch, of partition: KafkaPartition) {
        let copies = keepsMessages ? batch.map { $0.copied() } : []
        let bytes = batch.reduce(0) { $0 + ($1.value?.count ?? 0) + ($1.header("mark")?.count ?? 0) }
        record.withLock { record in
            record.messages += copies
            record.count += batch.count
            record.bytes += bytes
        }
    }

    func reached(_ partition: KafkaPartition, _ offset: Int64) {
        record.withLock { $0.reached.append(KafkaOffset(partition: partition, offset: offset)) }
    }

    func outOfLog(_ partition: KafkaPartition) { record.withLock { $0.lost.append(partition) } }
}
