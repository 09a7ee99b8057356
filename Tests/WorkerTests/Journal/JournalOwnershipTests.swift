import Shared
import Synchronization
import Testing

@testable import Worker

/// Who owns a partition is decided by its log.
struct JournalOwnershipTests {
    private static let partition = KafkaPartition(topic: "pgm.journal.scripted", partition: 0)

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

    @Test func theFirstOwnerOfALogHasEpochOne() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        #expect(workshop.journal.epoch(of: 0) == 1)
        #expect(try workshop.owners() == [1])
        await eventually("the owner is told") { watcher.has(.opened(0)) }
        #expect(workshop.journal.isReady)
        #expect(workshop.log.ranges.isEmpty)
    }

    @Test func aPartitionIsNotOwnedBeforeTheOwnersRecordIsProven() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.withhold()
        workshop.journal.assigned([0])
        await eventually("the owner's record is stored") { (try? workshop.owners()) == [1] }
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
        // It asks where the log ends, and finds its successor so.
        first.log.askEnds()
        #expect(first.journal.epoch(of: 0) == nil)
        #expect(watcher.has(.held(0)))
        #expect(try first.owners() == [1, 2])
    }

    @Test func ofTwoOwnersAtOnceTheFirstInTheLogOwnsAndTheOtherTriesAgain() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.beforeNext(workshop.journalTopic) { _ in workshop.takeOver(0, epoch: 1) }
        workshop.journal.assigned([0])
        await workshop.pass("it owns by its next record") { workshop.journal.epoch(of: 0) == 2 }
        #expect(try workshop.owners() == [1, 1, 2])
    }

    @Test func whoIsFencedComesBackOnlyAfterTheDelay() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        await eventually("the owner is told") { watcher.has(.opened(0)) }
        let fencedAt = workshop.time.now
        workshop.takeOver(0, epoch: 7)
        workshop.log.askEnds()
        #expect(workshop.journal.epoch(of: 0) == nil)
        #expect(watcher.count(.held(0)) == 1)
        #expect(!workshop.journal.isReady)
        await workshop.pass("it is owned again") { workshop.journal.epoch(of: 0) == 8 }
        #expect(workshop.time.now - fencedAt >= Self.settings.reacquireDelay)
        #expect(try workshop.owners() == [1, 7, 8])
        await eventually("the owner is told") { watcher.count(.opened(0)) == 2 }
    }

    @Test func whoLostTheAssignmentDoesNotComeBack() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        workshop.journal.revoked([0])
        #expect(workshop.journal.epoch(of: 0) == nil)
        workshop.takeOver(0, epoch: 7)
        workshop.log.askEnds()
        #expect(!watcher.has(.held(0)))
        workshop.time.advance(by: Self.settings.reacquireDelay * 3)
        // Assigned again, its next record stands behind the other owner's.
        workshop.journal.assigned([0])
        await workshop.owned(0)
        #expect(try workshop.owners() == [1, 7, 8])
    }

    @Test func anOwnersRecordIsWrittenAgainUntilTheBrokerHasIt() async throws {
        let workshop = Self.workshop(isAssigned: false)
        let lost = KafkaSendError(code: .notPersisted, mayBeStored: false)
        workshop.sender.fail(workshop.journalTopic, with: [lost, lost, lost])
        workshop.journal.assigned([0])
        await workshop.pass("it is owned") { workshop.journal.epoch(of: 0) == 1 }
        #expect(try workshop.owners() == [1])
    }

    @Test func anOwnersRecordWhoseAcknowledgementIsLostIsFollowedByTheNext() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.loseAcknowledgement(of: workshop.journalTopic)
        workshop.journal.assigned([0])
        await workshop.pass("it is owned") { workshop.journal.epoch(of: 0) == 2 }
        #expect(try workshop.owners() == [1, 2])
    }

    @Test func anOwnersRecordThatIsStoredAtAnUnknownPlaceIsRead() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.losePlace(of: workshop.journalTopic)
        workshop.journal.assigned([0])
        await workshop.pass("it is owned") { workshop.journal.epoch(of: 0) == 1 }
        #expect(try workshop.owners() == [1])
        #expect(workshop.log.ranges.contains(RecordedLog.Range(partition: 0, start: 0, end: 1)))
    }

    @Test func aPartitionThatIsAssignedTwiceIsOwnedOnce() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher, isAssigned: false)
        workshop.journal.assigned([0])
        workshop.journal.assigned([0])
        await workshop.owned(0)
        #expect(workshop.journal.epoch(of: 0) == Int64(try workshop.owners().count))
        #expect(watcher.events.allSatisfy { $0 == .opened(0) })
    }

    @Test func whatIsMissingOfTheLogIsReadBeforeTheOwnersRecordIsWritten() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.withhold()
        workshop.takeOver(0, epoch: 4)
        workshop.journal.assigned([0])
        await eventually("it reads") { !workshop.log.ranges.isEmpty }
        #expect(try workshop.owners() == [4])
        workshop.sender.release()
        await workshop.pass("it is owned") { workshop.journal.epoch(of: 0) == 5 }
        #expect(try workshop.owners() == [4, 5])
    }

    @Test func whereNobodyAnswersNothingIsOwned() async throws {
        let workshop = Self.workshop(isAssigned: false)
        workshop.sender.setUnreachable(true)
        workshop.journal.assigned([0])
        await workshop.pass("it asks in vain") { workshop.time.now > .seconds(3) }
        #expect(try workshop.owners().isEmpty)
        workshop.sender.setUnreachable(false)
        await workshop.pass("it is owned") { workshop.journal.epoch(of: 0) == 1 }
    }

    // MARK: - Logs that are not what they were

    @Test func aLogWhoseEndMovedBackIsReadAnewAndTakenAnew() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        for epoch in Int64(2)...4 { workshop.takeOver(0, epoch: epoch) }
        await workshop.pass("it owns again") { workshop.journal.epoch(of: 0) == 5 }
        workshop.sender.truncate(Self.partition, to: 2)
        // One answer may come from a broker that was not told yet.
        await workshop.pass("it owns what is left") { workshop.journal.epoch(of: 0) == 3 }
        #expect(workshop.log.ranges.contains(RecordedLog.Range(partition: 0, start: 0, end: 2)))
        #expect(watcher.count(.held(0)) == 2)
        #expect(workshop.sender.log(of: Self.partition)?.end == 3)
    }

    @Test func aPositionOutsideOfTheLogIsAnotherLogToo() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        workshop.journal.outOfLog(0)
        #expect(watcher.has(.held(0)))
        await workshop.pass("it is owned again") { workshop.journal.epoch(of: 0) == 2 }
    }

    @Test func aRecordOfANewerVersionStopsThePartition() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        var newer = try #require(workshop.sender.stored(in: workshop.journalTopic).first)
        newer.headers = [KafkaHeader(name: MessageHeaderName.type, text: "pgm.journal.v99")]
        workshop.sender.store(
            KafkaRecord(topic: newer.topic, partition: 0, key: newer.key, value: newer.value, headers: newer.headers))
        workshop.log.askEnds()
        #expect(workshop.journal.epoch(of: 0) == nil)
        #expect(!workshop.journal.isReady)
        // Otherwise its commands were begun again and again.
        #expect(watcher.count(.held(0)) == 1)
    }

    @Test func aRecordThatIsNoneOfAJournalIsPassedOver() async throws {
        let workshop = Self.workshop()
        await workshop.owned(0)
        workshop.sender.store(KafkaRecord(topic: workshop.journalTopic, partition: 0, key: nil, value: nil))
        workshop.log.askEnds()
        #expect(workshop.journal.epoch(of: 0) == 1)
        #expect(workshop.journal.positions[0] == 2)
        #expect(workshop.journal.lag == 0)
    }

    // MARK: - Producers

    @Test func aProducerThatIsReplacedTakesThePartitionsAnew() async throws {
        let watcher = JournalWatcher()
        let workshop = Self.workshop(watcher: watcher)
        await workshop.owned(0)
        await eventually("the owner is told") { watcher.has(.opened(0)) }
        workshop.sender.replaceProducer {
            workshop.journal.producerFailed()
            #expect(workshop.journal.epoch(of: 0) == nil)
        }
        #expect(watcher.has(.held(0)))
        await workshop.pass("it is owned again") { workshop.journal.epoch(of: 0) == 2 }
        let writer = workshop.journal.state.withLock { $0.partitions[0]?.role.writer }
        #expect(writer == JournalWriter(epoch: 2, generation: 1))
    }

    // MARK: - Who follows

    @Test func whoFollowsOnlyWhatItOwnsReadsTheRestWhenItIsAssigned() async throws {
        let first = Self.workshop()
        await first.owned(0)
        var settings = Self.settings
        settings.standby = .assigned
        let second = Workshop(
            beside: first, instance: "worker-2", journalSettings: settings, isAssigned: false)
        #expect(await second.journal.catchUp())
        second.log.askEnds()
        #expect(second.log.ranges.isEmpty)
        second.journal.assigned([0])
        await second.owned(0)
        // Once to catch up, and once more to make sure of the log when it becomes the owner.
        let range = RecordedLog.Range(partition: 0, start: 0, end: 1)
        #expect(second.log.ranges == [range, range])
        #expect(second.journal.epoch(of: 0) == 2)
    }

    @Test func whoFollowsEverythingIsThereWhenItHasReadEverything() async throws {
        let first = Self.workshop()
        await first.owned(0)
        let second = Self.workshop(beside: first, "worker-2", isAssigned: false)
        #expect(await second.journal.catchUp())
        #expect(second.journal.positions == [0: 1])
        #expect(second.journal.isReady)
    }
}
