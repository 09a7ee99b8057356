import Shared
import Testing

@testable import Worker

/// The index is a cache of the log, and of this log only.
struct JournalIndexTests {
    private static let key = JournalKey.claim("c")

    private static var settings: JournalSettings {
        var settings = Workshop.journalSettings
        settings.partitions = 1
        return settings
    }

    private static func stored(_ index: MemoryJournalIndex, position: Int64) {
        let row = JournalRow(key: .claim("foreign"), mark: JournalMark(epoch: 3), value: [1], offset: 2)
        let checkpoint = JournalCheckpoint(position: position, epoch: 3, ownerID: "x", lastRecord: "of another log")
        index.store([row.key: row], checkpoint, of: 0)
    }

    @Test func aProcessGoesOnWhereItsIndexEnds() async throws {
        let index = MemoryJournalIndex()
        let first = Workshop(index: index, journalSettings: Self.settings)
        await first.ready()
        #expect(await first.journal.append(.sample(Self.key, JournalMark(epoch: 1), id: "r.1"), to: 0) == .valid)
        first.journal.flush()
        let position = try #require(index.checkpoint(of: 0)?.position)
        #expect(position == 2)
        let second = Workshop(
            beside: first, instance: "worker-2", index: index, journalSettings: Self.settings, isAssigned: false)
        // The record before the checkpoint was read, and proves that it is the same log.
        #expect(second.journal.positions == [0: 2])
        #expect(try await second.journal.row(Self.key, of: 0) != nil)
        try second.store(.sample(.claim("next"), JournalMark(epoch: 1), id: "r.2"), in: 0)
        #expect(try await second.journal.row(.claim("next"), of: 0) != nil)
    }

    @Test func anIndexThatIsNotConfirmedIsReadOnFromTheRecordThatConfirmsIt() {
        let index = MemoryJournalIndex()
        Self.stored(index, position: 40)
        let workshop = Workshop(index: index, journalSettings: Self.settings, isAssigned: false)
        #expect(workshop.journal.positions == [0: 40])
        #expect(workshop.journal.nextOffsets == [0: 39])
    }

    @Test func theIndexOfAnotherLogIsForgottenAndTheLogReadFromItsBeginning() async throws {
        let index = MemoryJournalIndex()
        Self.stored(index, position: 2)
        let watcher = JournalWatcher()
        let broker = Workshop(journalSettings: Self.settings, isAssigned: false)
        try broker.takeOver(0, epoch: 5)
        try broker.store(.sample(Self.key, JournalMark(epoch: 5), id: "r.1"), in: 0)
        let workshop = Workshop(
            beside: broker, index: index, journalSettings: Self.settings, watcher: watcher, isAssigned: false)
        #expect(watcher.events == [.restart(0)])
        #expect(index.checkpoint(of: 0) == nil)
        // What still arrives of the reading that was given up does not count.
        try workshop.store(.sample(.claim("early"), JournalMark(epoch: 5), id: "r.2"), in: 0)
        #expect(workshop.journal.positions == [0: 0])
        Self.readAgain(workshop)
        #expect(workshop.journal.positions == [0: 3])
        #expect(try await workshop.journal.row(Self.key, of: 0) != nil)
        #expect(try await workshop.journal.row(.claim("early"), of: 0) != nil)
        #expect(try await workshop.journal.row(.claim("foreign"), of: 0) == nil)
        workshop.journal.assigned([0])
        await workshop.owned(0)
        #expect(workshop.journal.epoch(of: 0) == 6)
    }

    @Test func whoIsAboutToOwnAPartitionDoesSoAlsoWhenItsIndexTurnsOutToBeOfAnotherLog() async throws {
        let index = MemoryJournalIndex()
        Self.stored(index, position: 1)
        let watcher = JournalWatcher()
        // The log is empty: its first record is the owner's own.
        let workshop = Workshop(index: index, journalSettings: Self.settings, watcher: watcher)
        await eventually("the other log is noticed") { watcher.has(.restart(0)) }
        Self.readAgain(workshop)
        await workshop.owned(0)
        #expect(try workshop.records(of: .owner).map(\.mark.epoch) == [4])
    }

    @Test func whoseLogDoesNotReachTheIndexForgetsItAndIsOwnedAllTheSame() async throws {
        let index = MemoryJournalIndex()
        Self.stored(index, position: 40)
        let workshop = Workshop(index: index, journalSettings: Self.settings, isAssigned: false)
        workshop.sender.withhold()
        workshop.journal.assigned([0])
        await eventually("the owner record is stored") { (try? workshop.records(of: .owner).count) == 1 }
        // As the reader does that finds the place outside of the log.
        workshop.journal.forget(0)
        workshop.sender.release()
        await workshop.owned(0)
        #expect(workshop.journal.epoch(of: 0) == 4)
        #expect(try await workshop.journal.row(.claim("foreign"), of: 0) == nil)
    }

    @Test func aRecordOfALaterVersionStopsThePartition() async throws {
        let workshop = Workshop(journalSettings: Self.settings)
        await workshop.ready()
        let later = KafkaHeader(name: MessageHeaderName.type, text: MessageType.journal.rawValue + "0")
        workshop.sender.store(
            KafkaRecord(
                topic: workshop.journalTopic, partition: 0, key: Array(Self.key.text.utf8), value: nil,
                headers: [later]))
        #expect(!workshop.journal.isReady)
        let position = workshop.journal.positions[0]
        try workshop.store(.sample(Self.key, JournalMark(epoch: 1), id: "r.1"), in: 0)
        #expect(workshop.journal.positions[0] == position)
        #expect(try await workshop.journal.row(Self.key, of: 0) == nil)
    }

    @Test func aRecordThatIsNoneOfAJournalIsPassedOver() async throws {
        let workshop = Workshop(journalSettings: Self.settings)
        await workshop.ready()
        let type = KafkaHeader(name: MessageHeaderName.type, text: MessageType.journal.rawValue)
        let mark = KafkaHeader(name: MessageHeaderName.journalMark, text: "e=1")
        for (key, headers) in [("c", [type]), ("k:c", [type]), ("q:c", [type, mark]), ("k:c", [])] {
            workshop.sender.store(
                KafkaRecord(
                    topic: workshop.journalTopic, partition: 0, key: Array(key.utf8), value: nil, headers: headers))
        }
        #expect(workshop.journal.isReady)
        #expect(workshop.journal.positions[0] == 5)
        try workshop.store(.sample(Self.key, JournalMark(epoch: 1), id: "r.1"), in: 0)
        #expect(try await workshop.journal.row(Self.key, of: 0) != nil)
    }

    @Test func changesGoToTheIndexWithTheirCheckpointAndAreStillFound() async throws {
        let index = MemoryJournalIndex()
        let workshop = Workshop(index: index, journalSettings: Self.settings)
        await workshop.ready()
        #expect(
            await workshop.journal.append(.sample(Self.key, JournalMark(epoch: 1), id: "r.1"), to: 0) == .valid)
        #expect(index.storedRow(Self.key, of: 0) == nil)
        await workshop.pass("it is stored") { index.storedRow(Self.key, of: 0) != nil }
        #expect(index.checkpoint(of: 0)?.position == 2)
        #expect(try await workshop.journal.row(Self.key, of: 0) == index.storedRow(Self.key, of: 0))
    }

    @Test func whatAFullDiskDidNotTakeIsKeptAndStoredLaterAndReadinessSaysSoMeanwhile() async throws {
        let index = FullIndex()
        let workshop = Workshop(index: index, journalSettings: Self.settings)
        await workshop.ready()
        index.isFull = true
        #expect(
            await workshop.journal.append(.sample(Self.key, JournalMark(epoch: 1), id: "r.1"), to: 0) == .valid)
        await workshop.pass("it is not ready") { !workshop.journal.isReady }
        #expect(try await workshop.journal.row(Self.key, of: 0) != nil)
        index.isFull = false
        await workshop.pass("it is stored") { index.storedRow(Self.key, of: 0) != nil }
        #expect(workshop.journal.isReady)
    }

    @Test func aProcessWhoseDiskStaysFullEndsBeforeItsMemoryDoes() async throws {
        let index = FullIndex()
        var settings = Self.settings
        settings.unstoredMax = 20
        let workshop = Workshop(index: index, journalSettings: settings)
        await workshop.ready()
        index.isFull = true
        for number in 1...20 {
            let record = JournalRecord.sample(.claim("c\(number)"), JournalMark(epoch: 1), id: "r.\(number)")
            #expect(await workshop.journal.append(record, to: 0) == .valid)
        }
        let end = Seen<JournalIndexError>()
        Task { [running = workshop.running] in
            do { try await running.value } catch { end.set(error as? JournalIndexError ?? .lost) }
        }
        await workshop.pass("it ends") { end.value != nil }
        #expect(end.value == FullIndex.failure)
    }

    /// What the reader does when it is told to begin again.
    private static func readAgain(_ workshop: Workshop) {
        workshop.journal.restarted(0)
        workshop.sender.connect(from: [:], to: workshop.journalTopic) { [weak journal = workshop.journal] in
            journal?.received($0)
        }
    }
}
