import Shared
import Synchronization
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

    /// Starts a process again where the last one has ended.
    private static func again(
        _ folder: JournalSnapshotTests.Folder, in installation: Workshop.Installation
    ) async throws -> Workshop {
        await eventually("the place in the folder is free") {
            (try? folder.store().path(of: 0))?.hasSuffix("-0-0.index") == true
        }
        return Workshop(
            in: installation, instance: "again", journalSettings: settings, snapshots: try folder.store())
    }

    /// A process that keeps its index of a log with an owner's record and three of an entry, writes another one, and
    /// ends.
    private static func kept(_ folder: JournalSnapshotTests.Folder) async throws -> Workshop.Installation {
        let store = try folder.store()
        let workshop = Workshop(journalSettings: settings, snapshots: store)
        await workshop.ready()
        for number in 0..<3 { try await append(workshop, "\(number)") }
        workshop.journal.save(to: store)
        try await append(workshop, "later")
        workshop.journal.revoked([0])
        workshop.running.cancel()
        await workshop.running.value
        return workshop.installation
    }

    @Test func onlyWhatCameLaterIsRead() async throws {
        let folder = JournalSnapshotTests.Folder()
        defer { folder.remove() }
        let first = try await Self.kept(folder)
        let again = try await Self.again(folder, in: first)
        await again.owned(0)
        #expect(again.journal.epoch(of: 0) == 2)
        #expect(again.log.ranges.first == RecordedLog.Range(partition: 0, start: 3, end: 5))
        #expect(try await again.known(Self.key, in: 0)?.payment?.shopTransactionID == "later")
        #expect(again.journal.openCount == 1)
    }

    @Test func whereTheLastRecordWasCompactedTheOwnersRecordProvesTheLog() async throws {
        let folder = JournalSnapshotTests.Folder()
        defer { folder.remove() }
        let first = try await Self.kept(folder)
        first.sender.compact(Self.partition.topic)
        let again = try await Self.again(folder, in: first)
        await again.owned(0)
        #expect(again.log.ranges.first?.start == 3)
        #expect(try await again.known(Self.key, in: 0)?.payment?.shopTransactionID == "later")
    }

    @Test func aLogThatIsShorterIsReadFromItsBeginning() async throws {
        let folder = JournalSnapshotTests.Folder()
        defer { folder.remove() }
        let first = try await Self.kept(folder)
        first.sender.truncate(Self.partition, to: 2)
        let again = try await Self.again(folder, in: first)
        await again.owned(0)
        #expect(again.log.ranges.first == RecordedLog.Range(partition: 0, start: 0, end: 2))
        #expect(try await again.known(Self.key, in: 0)?.payment?.shopTransactionID == "0")
    }

    @Test func anotherLogIsReadFromItsBeginning() async throws {
        let folder = JournalSnapshotTests.Folder()
        defer { folder.remove() }
        let first = try await Self.kept(folder)
        first.sender.truncate(Self.partition, to: 0)
        let elsewhere = Workshop(in: first, journalSettings: Self.settings, isAssigned: false)
        for epoch in Int64(1)...9 { elsewhere.takeOver(0, epoch: epoch) }
        let again = try await Self.again(folder, in: first)
        await again.owned(0)
        #expect(again.log.ranges.first == RecordedLog.Range(partition: 0, start: 0, end: 9))
        #expect(again.journal.epoch(of: 0) == 10)
        #expect(try await again.known(Self.key, in: 0) == nil)
    }

    @Test func whereNobodyAnswersNothingIsUsed() async throws {
        let folder = JournalSnapshotTests.Folder()
        defer { folder.remove() }
        let first = try await Self.kept(folder)
        first.sender.setUnreachable(true)
        let again = try await Self.again(folder, in: first)
        let begun = again.time.now
        await again.pass("it asks in vain") { again.time.now - begun > .seconds(1) }
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
