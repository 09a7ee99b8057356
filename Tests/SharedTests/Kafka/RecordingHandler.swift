import Foundation
import Synchronization

@testable import Shared

/// A handler that processes at once: what it received is committable.
///
/// Notes every breach of the consumer's promises.
final class RecordingHandler: KafkaGroupHandler {
    struct Record: Sendable {
        var assigned: Set<KafkaPartition> = []
        var received: [KafkaMessage] = []
        var positions: [KafkaPartition: Int64] = [:]
        var revocations = 0
        var losses = 0
        var repositioned: [KafkaPartition] = []
        var breaches: [String] = []
        var keepsMessages = true
        var count = 0
        var hadPoolThread = false
    }

    let record = Mutex(Record())

    var assigned: Set<KafkaPartition> { record.withLock { $0.assigned } }
    var count: Int { record.withLock { $0.count } }
    var received: [KafkaMessage] { record.withLock { $0.received } }
    var breaches: [String] { record.withLock { $0.breaches } }

    func assigned(_ partitions: [KafkaPartition]) {
        record.withLock { record in
            record.assigned.formUnion(partitions)
            for partition in partitions { record.positions[partition] = nil }
        }
    }

    func revoked(_ partitions: [KafkaPartition], lost: Bool) {
        record.withLock { record in
            record.assigned.subtract(partitions)
            record.revocations += 1
            if lost { record.losses += 1 }
        }
    }

    func repositioned(_ partition: KafkaPartition) {
        record.withLock { record in
            record.repositioned.append(partition)
            record.positions[partition] = nil
        }
    }

    func received(_ batch: [KafkaMessage]) {
        record.withLock { record in
            for message in batch {
                let partition = message.topicPartition
                if !record.assigned.contains(partition) { record.breaches.append("not assigned") }
                if let next = record.positions[partition], message.offset < next { record.breaches.append("order") }
                record.positions[partition] = message.offset + 1
            }
            record.count += batch.count
            if record.keepsMessages { record.received.append(contentsOf: batch) }
        }
    }

    func committableOffsets() -> [KafkaOffset] {
        record.withLock { $0.positions.map { KafkaOffset(partition: $0.key, offset: $0.value) } }
    }
}
