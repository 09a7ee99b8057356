import Logging
import Shared
import Synchronization
import Worker

/// The worker's journal without a broker: what is written is read at once.
final class Memory: Sendable {
    private let journal = Mutex<Journal?>(nil)

    /// Makes the journal; it owns every partition once it runs.
    func begin(
        _ provider: ProviderName, _ codec: MessageCodec, _ sender: RecordingSender, _ clock: WallClock, _ logger: Logger
    ) -> Journal {
        let made = Journal(
            provider: provider, instance: "conformance", codec: codec, sender: sender, index: MemoryJournalIndex(),
            settings: JournalSettings(partitions: World.commandPartitions), clock: clock, blocking: .inPlace,
            logger: logger)
        _ = made.open()
        made.assigned(Array(0..<World.commandPartitions))
        journal.withLock { $0 = made }
        return made
    }

    /// A record of the journal was stored.
    func received(_ message: KafkaMessage) { journal.withLock { $0 }?.received([message]) }

    /// Waits until every partition is owned.
    func owned() async throws {
        let journal = journal.withLock { $0 }
        _ = try await eventually("the journal is owned") { journal?.isReady == true ? true : nil }
    }

    /// Works on a command to its end, as its lane does.
    func process(_ message: KafkaMessage, _ processor: CommandProcessor) async {
        while await processor.process(.record(message), message.topicPartition) == .again, !Task.isCancelled {}
    }
}
