import Shared
import Testing

@testable import Worker

/// A process that starts again goes on where the last one on its machine has stopped, if the log is the same.
struct JournalRestoreTests {
    private static let key = JournalKey.payment("order-1")
    private static let partition = KafkaPartition(topic: "pgm.journal.scripted", partition: 0)

    private static var settings: JournalSettings {
        var settings = Workshop.journalSettings
        settings.partitions = 1
        return settings
    }

    private static func append(_ workshop: Workshop, _ text: String) async throws {
        let epoch = try #require(workshop.journal.epoch(of: 0))
        let draft = Journal.Draft(
            key: key, mark: JournalMark(stage: .unknown, attemptID: text, isOpen: true), summary: JournalSummary(),
            content: try JSONCoding.encode(PaymentRecord(shopTransactionID: text)))
        #expect(await workshop.journal.append(draft, to: 0, epoch: epoch) == .valid)
    }

    private static func again(_ folder: JournalSnapshotTests.Folder, beside first: Workshop) throws -> Workshop {
        Workshop(
            beside: first, instance: "again", journalSettings: settings, snapshots: try folder.store())
    }

    /// A process with the secret of the folder, whose index is kept there.
    private static func kept(_ folder: JournalSnapshotTests.Folder) async throws -> Workshop {
        let store = try folder.store()
        let workshop = Workshop(journalSettings: settings, snapshots: store)
        await workshop.ready()
        for number in 0..<3 { try await append(workshop, "\(number)") }
        workshop.journal.save(to: store)
        try await append(workshop, "later")
        workshop.journal.revoked([0])
        workshop.running.cancel()
        await workshop.running.value
        return workshop
    }

    @Test func onlyWhatCameLaterIsRead() async throws {
        let folder = JournalSnapshotTests.Folder()
        let first = try await Self.kept(folder)
        let again = try Self.again(folder, beside: first)
        await again.owned(0)
        #expect(again.journal.epoch(of: 0) == 2)
        #expect(again.log.ranges.first == RecordedLog.Range(partition: 0, start: 4, end: 5))
        #expect(try await again.known(Self.key, in: 0)?.payment?.shopTransactionID == "later")
        #expect(again.journal.openCount == 1)
    }

    @Test func whereTheLastRecordWasCompactedTheOwnersRecordProvesTheLog() async throws {
        let folder = JournalSnapshotTests.Folder()
        let first = try await Self.kept(folder)
        first.sender.compact(Self.partition.topic)
        let again = try Self.again(folder, beside: first)
        await again.owned(0)
        #expect(again.log.ranges.first?.start == 4)
        #expect(try await again.known(Self.key, in: 0)?.payment?.shopTransactionID == "later")
    }

    @Test func aLogThatIsShorterIsReadFromItsBeginning() async throws {
        let folder = JournalSnapshotTests.Folder()
        let first = try await Self.kept(folder)
        first.sender.truncate(Self.partition, to: 2)
        let again = try Self.again(folder, beside: first)
        await again.owned(0)
        #expect(again.log.ranges.first == RecordedLog.Range(partition: 0, start: 0, end: 2))
        #expect(try await again.known(Self.key, in: 0)?.payment?.shopTransactionID == "0")
    }

    @Test func anotherLogIsReadFromItsBeginning() async throws {
        let folder = JournalSnapshotTests.Folder()
        let first = try await Self.kept(folder)
        first.sender.truncate(Self.partition, to: 0)
        for epoch in Int64(1)...9 { first.takeOver(0, epoch: epoch) }
        let again = try Self.again(folder, beside: first)
        await again.owned(0)
        #expect(again.log.ranges.first == RecordedLog.Range(partition: 0, start: 0, end: 9))
        #expect(again.journal.epoch(of: 0) == 10)
        #expect(try await again.known(Self.key, in: 0) == nil)
    }

    @Test func whereNobodyAnswersNothingIsUsed() async throws {
        let folder = JournalSnapshotTests.Folder()
        let first = try await Self.kept(folder)
        first.sender.setUnreachable(true)
        let again = try Self.again(folder, beside: first)
        await again.pass("it asks in vain") { again.time.sleeperCount >= 3 }
        first.sender.setUnreachable(false)
        await again.pass("it is owned") { again.journal.epoch(of: 0) == 2 }
        #expect(again.log.ranges.first?.start == 0)
        #expect(try await again.known(Self.key, in: 0)?.payment?.shopTransactionID == "later")
    }

    @Test func anIndexThatIsMadeAnewWhileItIsCopiedIsNotKept() async throws {
        let workshop = Workshop(journalSettings: Self.settings)
        await workshop.ready()
        let table = workshop.journal.state.withLock { $0.partitions[0]?.log.entries } ?? OffsetTable()
        #expect(throws: Never.self) { try workshop.journal.copy(ofShard: 0, of: table, 0) }
        workshop.journal.outOfLog(0)
        #expect(throws: JournalDirectoryError.overtaken) { try workshop.journal.copy(ofShard: 1, of: table, 0) }
    }
}
