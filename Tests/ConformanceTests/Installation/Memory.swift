import Logging
import Shared
import Synchronization

@testable import Worker

/// The worker's journal without a broker: its records are those that the sender keeps.
final class Memory: Sendable, JournalSource {
    private struct Parts: Sendable {
        let journal: Journal
        let codec: MessageCodec
        let sender: RecordingSender
        let topic: String
    }

    private let parts = Mutex<Parts?>(nil)

    /// Makes the journal; it owns every partition once it runs.
    func begin(
        _ provider: ProviderName, _ codec: MessageCodec, _ sender: RecordingSender, _ clock: WallClock, _ logger: Logger
    ) -> Journal {
        let journal = Journal(
            provider: provider, instance: "conformance", codec: codec, sender: sender,
            settings: JournalSettings(partitions: World.commandPartitions), clock: clock, logger: logger)
        parts.withLock {
            $0 = Parts(journal: journal, codec: codec, sender: sender, topic: codec.topics.journal(of: provider))
        }
        journal.attach(source: self)
        journal.assigned(Array(0..<World.commandPartitions))
        return journal
    }

    /// The journal ends with its installation.
    func end() { parts.withLock { $0 = nil } }

    /// Waits until every partition is owned.
    func owned() async throws {
        let journal = parts.withLock { $0?.journal }
        _ = try await eventually("the journal is owned") { journal?.isReady == true ? true : nil }
    }

    /// Works on a command to its end, as its lane does.
    func process(_ message: KafkaMessage, _ processor: CommandProcessor) async {
        while await processor.process(.record(message), message.topicPartition) == .again, !Task.isCancelled {}
    }

    // MARK: - The journal's questions

    func read(_ partition: Int32, from offset: Int64, upTo end: Int64) {
        guard let parts = parts.withLock({ $0 }) else { return }
        let messages = parts.sender.stored(in: parts.topic).filter {
            $0.partition == partition && (offset..<end).contains($0.offset)
        }
        let readings = messages.compactMap {
            try? parts.codec.journalReading(from: $0, parts.journal.hash, claimsSince: 0)
        }
        parts.journal.began(offset, of: partition)
        parts.journal.received(readings, of: partition)
        parts.journal.reached(end, of: partition)
    }

    func record(at offset: Int64, of partition: Int32) async throws -> KafkaMessage? {
        guard let parts = parts.withLock({ $0 }) else { return nil }
        return parts.sender.stored(in: parts.topic).first { $0.partition == partition && $0.offset == offset }
    }

    func bounds(of partitions: Set<Int32>) async -> [Int32: Range<Int64>]? {
        guard let parts = parts.withLock({ $0 }) else { return nil }
        let stored = parts.sender.stored(in: parts.topic)
        return Dictionary(
            uniqueKeysWithValues: partitions.map { partition in
                (partition, 0..<Int64(stored.count { $0.partition == partition }))
            })
    }
}
