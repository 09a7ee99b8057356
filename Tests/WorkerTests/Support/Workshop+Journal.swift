import Shared
import Synchronization
import Testing

@testable import Worker

/// What a workshop's journal holds, and what others write into its log.
extension Workshop {
    var journalTopic: String { codec.topics.journal(of: Self.scripted) }

    /// The records of an entry, as they stand in the log.
    func records(of key: JournalKey) throws -> [JournalStoredRecord] {
        try sender.stored(in: journalTopic).filter { !$0.isOfOwner }.map { try codec.journalRecord(from: $0) }
            .filter { $0.key.entry == key }
    }

    /// The epochs of the owners of a partition, as they stand in the log.
    func owners(of partition: Int32 = 0) throws -> [Int64] {
        try sender.stored(in: journalTopic).filter { $0.partition == partition && $0.isOfOwner }
            .map { try $0.key.unwrapped().withUnsafeBytes { JournalRecordKey($0) }.unwrapped().writer.epoch }
    }

    /// The stages of an entry, as they stand in the log.
    func stages(of key: JournalKey) throws -> [JournalMark.Stage] { try records(of: key).map(\.mark.stage) }

    /// How often an entry is at a stage in the log; 0 when it cannot be read.
    func count(_ stage: JournalMark.Stage, of key: JournalKey) -> Int {
        ((try? stages(of: key)) ?? []).count { $0 == stage }
    }

    /// What is known of an entry in a partition.
    func known(_ key: JournalKey, in partition: Int32) async throws -> KnownEntry? {
        try await processor(Script([])).known(key, Place(partition: partition, epoch: 0)).entry
    }

    /// The record of a payment.
    func payment(_ shopTransactionID: String = "order-1") async throws -> PaymentRecord? {
        let partition = Self.partition(of: .shopTransaction(shopTransactionID))
        return try await known(.payment(shopTransactionID), in: partition)?.payment
    }

    /// The effect of an entry, and its mark, in the lane of a command.
    func effect(_ key: JournalKey, of command: Command) async throws -> (content: EffectState, mark: JournalMark)? {
        guard let known = try await known(key, in: Self.partition(of: command.lane)) else { return nil }
        return known.entry.map { ($0.effect, known.mark) }
    }

    /// Writes a record into the log as some process does.
    @discardableResult
    func store(_ record: JournalRecord, in partition: Int32) -> Int64 {
        let sent = codec.record(for: record, of: Self.scripted, partition: partition)
        return sender.store(sent).offset
    }

    /// A record of an entry as a writer of this epoch makes it.
    func record(
        _ key: JournalKey, epoch: Int64, generation: Int = 0, _ mark: JournalMark, _ content: some JSONWritable,
        id: String = "r"
    ) throws -> JournalRecord {
        JournalRecord(
            id: id + ".\(epoch).elsewhere",
            key: JournalRecordKey(key, JournalWriter(epoch: epoch, generation: generation)), mark: mark,
            value: try codec.journalValue(
                JournalSummary(), try JSONCoding.encode(content), of: key, provider: Self.scripted))
    }

    /// Another process takes a partition over.
    func takeOver(_ partition: Int32, epoch: Int64) {
        sender.store(
            codec.ownerRecord(
                id: "owner.\(epoch).elsewhere", epoch: epoch, summary: JournalSummary(), of: Self.scripted,
                partition: partition))
    }

    /// A second process is given all partitions that this one had; what runs here is not interrupted.
    func successor() -> Workshop {
        journal.revoked(Array(0..<12))
        return Workshop(beside: self, instance: "worker-2")
    }

    /// Lets time pass, from one wake-up to the next, until a condition holds.
    func pass(_ what: String, until condition: @Sendable () -> Bool) async {
        await eventually(what) {
            if condition() { return true }
            time.advanceToNext()
            return false
        }
    }
}

extension KafkaMessage {
    /// Whether it is an owner's record of a journal.
    var isOfOwner: Bool { key?.starts(with: "o@".utf8) == true }
}

/// Holds whoever waits until it is opened.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func open() { continuation.finish() }

    func wait() async {
        for await _ in stream {}
    }
}

/// A value that a step of a script has found.
final class Seen<Value: Sendable>: Sendable {
    private let found = Mutex<Value?>(nil)

    var value: Value? { found.withLock { $0 } }

    func set(_ value: Value?) { found.withLock { $0 = value } }
}
