import Shared
import Testing

@testable import Worker

/// Who owns a partition is decided by its log.
struct JournalOwnershipTests {
    private static var settings: JournalSettings {
        var settings = Workshop.journalSettings
        settings.partitions = 1
        return settings
    }

    private static func workshop(
        beside other: Workshop? = nil, _ instance: String = "worker-1", watcher: JournalWatcher = JournalWatcher(),
        isAssigned: Bool = true
    ) -> Workshop {
        Workshop(
            beside: other, instance: instance, journalSettings: settings, watcher: watcher, isAssigned: isAssigned)
    }

    private static let key = JournalKey.claim("c")

    private static func epochs(_ workshop: Workshop) throws -> [Int64] {
        try workshop.records(of: .owner).map(\.mark.epoch)
    }

    @Test func theFirstOwnerOfALogHasEpochOne() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        #expect(workshop.journal.epoch(of: 0) == 1)
        #expect(try Self.epochs(workshop) == [1])
        await eventually("the owner is told") { watcher.has(.opened(0)) }
        #expect(watcher.has(.assignment([0])))
        #expect(workshop.journal.isReady)
    }

    @Test func aPartitionIsNotOwnedBeforeTheOwnerRecordWasReadBack() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.withhold()
        workshop.journal.assigned([0])
        await eventually("the owner record is stored") { (try? Self.epochs(workshop)) == [1] }
        #expect(workshop.journal.epoch(of: 0) == nil)
        #expect(!workshop.journal.isReady)
        workshop.sender.release()
        await workshop.owned(0)
    }

    @Test func aTakeoverIsOneEpochHigherAndTheFormerOwnerIsTold() async throws {
        let watcher = JournalWatcher()
        let first = Self.workshop(watcher: watcher)
        await first.owned(0)
        let second = Self.workshop(beside: first, "worker-2")
        await second.owned(0)
        #expect(second.journal.epoch(of: 0) == 2)
        #expect(first.journal.epoch(of: 0) == nil)
        #expect(watcher.has(.held(0)))
        #expect(try Self.epochs(first) == [1, 2])
    }

    @Test func ofTwoOwnersAtOnceTheFirstInTheLogOwnsAndTheOtherTriesAgain() async throws {
        let first = Self.workshop(isAssigned: false)
        let second = Self.workshop(beside: first, "worker-2", isAssigned: false)
        first.sender.withhold()
        first.journal.assigned([0])
        await eventually("the first owner record") { (try? Self.epochs(first)) == [1] }
        second.journal.assigned([0])
        await eventually("the second owner record") { (try? Self.epochs(first)) == [1, 1] }
        first.sender.release()
        await first.pass("the second owns it by its next record") { second.journal.epoch(of: 0) == 2 }
        #expect(first.journal.epoch(of: 0) == nil)
        #expect(try Self.epochs(first) == [1, 1, 2])
    }

    @Test func whoIsFencedComesBackOnlyAfterTheDelay() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        try workshop.takeOver(0, epoch: 7)
        #expect(workshop.journal.epoch(of: 0) == nil)
        #expect(watcher.count(.held(0)) == 1)
        #expect(!workshop.journal.isReady)
        await workshop.pass("it is owned again") { workshop.journal.epoch(of: 0) == 8 }
        #expect(workshop.time.now >= Self.settings.reacquireDelay)
        #expect(try Self.epochs(workshop) == [1, 7, 8])
        await eventually("the owner is told") { watcher.count(.opened(0)) == 2 }
    }

    @Test func whoLostTheAssignmentDoesNotComeBack() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        workshop.journal.revoked([0])
        #expect(workshop.journal.epoch(of: 0) == nil)
        #expect(watcher.has(.assignment([])))
        try workshop.takeOver(0, epoch: 7)
        #expect(!watcher.has(.held(0)))
        workshop.time.advance(by: Self.settings.reacquireDelay * 3)
        // Assigned again, its next record stands behind the other owner's.
        workshop.journal.assigned([0])
        await workshop.owned(0)
        #expect(try Self.epochs(workshop) == [1, 7, 8])
    }

    @Test func anOwnerRecordThatIsStoredTwiceIsOneOwner() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.loseAcknowledgement(of: workshop.journalTopic)
        workshop.journal.assigned([0])
        await workshop.owned(0)
        let stored = try #require(workshop.sender.stored(in: workshop.journalTopic).first)
        workshop.sender.store(
            KafkaRecord(
                topic: stored.topic, partition: 0, key: stored.key, value: stored.value, headers: stored.headers))
        #expect(workshop.journal.epoch(of: 0) == 1)
    }

    @Test func anOwnerRecordIsWrittenAgainUntilTheBrokerHasIt() async throws {
        let workshop = Self.workshop(isAssigned: false)
        let lost = KafkaSendError(code: .notPersisted, mayBeStored: false)
        workshop.sender.fail(workshop.journalTopic, with: [lost, lost, lost])
        workshop.journal.assigned([0])
        await workshop.pass("it is owned") { workshop.journal.epoch(of: 0) == 1 }
        #expect(try Self.epochs(workshop) == [1])
    }

    @Test func aPartitionThatIsAssignedBeforeTheIndexIsReadIsOwnedAllTheSame() async throws {
        let other = Self.workshop(isAssigned: false)
        let journal = Journal(
            provider: Workshop.scripted, instance: "early", codec: other.codec, sender: other.sender,
            index: MemoryJournalIndex(), settings: Self.settings, timing: other.time.ofJournal, clock: other.clock,
            blocking: .inPlace, logger: other.logger)
        journal.assigned([0])
        #expect(!journal.isReady)
        other.sender.connect(from: journal.open(), to: other.journalTopic) { [weak journal] in journal?.received($0) }
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await journal.run() }
            await eventually("it is owned") { journal.epoch(of: 0) == 1 }
            group.cancelAll()
        }
    }

    @Test func whatIsMissingOfTheLogIsReadBeforeTheOwnerRecordIsWritten() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher, isAssigned: false)
        workshop.sender.withhold()
        try workshop.takeOver(0, epoch: 4)
        watcher.say(end: 1)
        workshop.journal.assigned([0])
        // Two regular duties, and the wait for what is missing.
        await eventually("it waits") { workshop.time.sleeperCount == 3 }
        #expect(try Self.epochs(workshop) == [4])
        workshop.sender.release()
        await workshop.pass("it is owned") { workshop.journal.epoch(of: 0) == 5 }
        #expect(try Self.epochs(workshop) == [4, 5])
    }

    // MARK: - Records of former owners

    @Test func aVoidRecordIsFollowedByTheValidStateOnceMore() async throws {
        let workshop = Self.workshop(isAssigned: false)
        let valid = JournalRecord.sample(Self.key, JournalMark(epoch: 1), id: "r.1", content: "\"valid\"")
        try workshop.takeOver(0, epoch: 1)
        let offset = try workshop.store(valid, in: 0)
        workshop.journal.assigned([0])
        await workshop.owned(0)
        try workshop.store(.sample(Self.key, JournalMark(epoch: 1), id: "r.2", content: "\"void\""), in: 0)
        await eventually("the state is written again") {
            (try? workshop.records(of: Self.key).count) == 3 && workshop.journal.openCount == 0
        }
        let records = try workshop.records(of: Self.key)
        #expect(records[2].value == records[0].value)
        #expect(records[2].mark.epoch == 2)
        #expect(records[2].mark.repeats == offset)
        let row = try #require(try await workshop.journal.row(Self.key, of: 0))
        #expect(row.value == records[0].value)
        #expect(!row.needsRepair)
    }

    @Test func aVoidRecordOfAnEntryThatDoesNotExistIsFollowedByATombstone() async throws {
        let workshop = Self.workshop(isAssigned: false)
        try workshop.takeOver(0, epoch: 3)
        try workshop.store(.sample(Self.key, JournalMark(epoch: 2), id: "r.1"), in: 0)
        #expect(try await workshop.journal.row(Self.key, of: 0) == nil)
        workshop.journal.assigned([0])
        await workshop.owned(0)
        // Before the partition is opened, what former owners have left is put right.
        let records = try workshop.records(of: Self.key)
        #expect(records.map { $0.value == nil } == [false, true])
        #expect(records.last?.mark.epoch == 4)
        #expect(workshop.journal.openCount == 0)
    }

    @Test func aVoidRecordThatIsReadWhileSomebodyElseOwnsIsLeftToTheOwner() async throws {
        let workshop = Self.workshop(isAssigned: false)
        try workshop.takeOver(0, epoch: 3)
        try workshop.store(.sample(Self.key, JournalMark(epoch: 2), id: "r.1"), in: 0)
        workshop.time.advance(by: .seconds(60))
        #expect(try workshop.records(of: Self.key).count == 1)
    }
}
