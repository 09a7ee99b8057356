import Shared
import Synchronization
import Testing

@testable import Worker

/// What a workshop's journal holds, and what others write into its log.
extension Workshop {
    var journalTopic: String { codec.topics.journal(of: Self.scripted) }

    /// The records of an entry, as they stand in the log.
    func records(of key: JournalKey) throws -> [JournalReading] {
        try sender.stored(in: journalTopic).map { try codec.journalReading(from: $0) }.filter { $0.key == key }
    }

    /// The stages of an entry, as they stand in the log.
    func stages(of key: JournalKey) throws -> [JournalMark.Stage] { try records(of: key).map(\.mark.stage) }

    /// How often an entry is at a stage in the log; 0 when it cannot be read.
    func count(_ stage: JournalMark.Stage, of key: JournalKey) -> Int {
        ((try? stages(of: key)) ?? []).count { $0 == stage }
    }

    /// The record of a payment.
    func payment(_ shopTransactionID: String = "order-1") async throws -> PaymentRecord? {
        let partition = Self.partition(of: .shopTransaction(shopTransactionID))
        return try await journal.entry(PaymentRecord.self, .payment(shopTransactionID), of: partition)?.content
    }

    /// The effect of an entry, and its mark, in the lane of a command.
    func effect(_ key: JournalKey, of command: Command) async throws -> (content: EffectState, mark: JournalMark)? {
        try await journal.entry(EffectState.self, key, of: Self.partition(of: command.lane))
    }

    /// Writes a record into the log as some process does.
    @discardableResult
    func store(_ record: JournalRecord, in partition: Int32) throws -> Int64 {
        sender.store(
            try codec.record(for: record, of: Self.scripted, partition: partition, atMilliseconds: Self.now)
        ).offset
    }

    /// Another process takes a partition over.
    func takeOver(_ partition: Int32, epoch: Int64) throws {
        try store(.owner(epoch: epoch, by: "elsewhere"), in: partition)
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

extension JournalRecord {
    static func owner(epoch: Int64, by instance: String) -> JournalRecord {
        JournalRecord(
            id: "owner.\(epoch).\(instance)", key: .owner, mark: JournalMark(epoch: epoch), summary: JournalSummary(),
            content: Array("{}".utf8))
    }

    /// A record whose content is a text.
    static func sample(_ key: JournalKey, _ mark: JournalMark, id: String, content: String? = "\"x\"") -> JournalRecord
    {
        JournalRecord(id: id, key: key, mark: mark, summary: JournalSummary(), content: content.map { Array($0.utf8) })
    }
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
