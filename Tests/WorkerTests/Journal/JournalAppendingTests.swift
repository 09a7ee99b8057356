import Shared
import Synchronization
import Testing

@testable import Worker

/// A record counts once the log proves it.
struct JournalAppendingTests {
    private static let key = JournalKey.payment("order-1")
    private static let partition: Int32 = 0

    private static func ready(_ watcher: JournalWatcher? = nil) async -> Workshop {
        var settings = Workshop.journalSettings
        settings.partitions = 1
        let workshop = Workshop(journalSettings: settings, watcher: watcher)
        await workshop.ready()
        return workshop
    }

    private static func draft(_ mark: JournalMark = JournalMark(), _ text: String = "order-1") throws -> Journal.Draft {
        Journal.Draft(
            key: key, mark: mark, summary: JournalSummary(),
            content: try JSONCoding.encode(PaymentRecord(shopTransactionID: text)))
    }

    private static func append(
        _ workshop: Workshop, _ mark: JournalMark = JournalMark(), epoch: Int64 = 1,
        isTooLate: @Sendable () -> Bool = { false }
    ) async throws -> AppendOutcome {
        await workshop.journal.append(try draft(mark), to: 0, epoch: epoch, isTooLate: isTooLate)
    }

    @Test func aRecordThatIsAcknowledgedRightBehindWhatWasReadIsValidAndNotRead() async throws {
        let workshop = await Self.ready()
        workshop.sender.withhold()
        let task = Task { try await Self.append(workshop) }
        await eventually("it is stored") { (try? workshop.records(of: Self.key).count) == 1 }
        #expect(try await workshop.known(Self.key, in: 0) == nil)
        workshop.sender.release()
        #expect(try await task.value == .valid)
        #expect(try await workshop.known(Self.key, in: 0) != nil)
        for _ in 0..<5 { #expect(try await Self.append(workshop) == .valid) }
        workshop.log.askEnds()
        #expect(workshop.log.ranges.isEmpty)
        // What was just written is known without being asked for.
        #expect(workshop.log.lookUps.isEmpty)
    }

    @Test func aRecordBehindOnesThatWereNotReadIsReadUpTo() async throws {
        let workshop = await Self.ready()
        workshop.sender.store(KafkaRecord(topic: workshop.journalTopic, partition: 0, key: nil, value: nil))
        #expect(try await Self.append(workshop) == .valid)
        // The last record that was read comes along, to see that it still stands there.
        #expect(workshop.log.ranges == [RecordedLog.Range(partition: 0, start: 0, end: 2)])
    }

    @Test func whatIsAcknowledgedWithoutAPlaceIsRead() async throws {
        let workshop = await Self.ready()
        workshop.sender.losePlace(of: workshop.journalTopic)
        #expect(try await Self.append(workshop) == .valid)
        // The last record that was read comes along, to see that it still stands there.
        #expect(workshop.log.ranges == [RecordedLog.Range(partition: 0, start: 0, end: 2)])
    }

    @Test func aRecordWhoseAcknowledgementIsLostIsWrittenAgain() async throws {
        let workshop = await Self.ready()
        workshop.sender.loseAcknowledgement(of: workshop.journalTopic)
        #expect(try await Self.append(workshop, .attempted()) == .valid)
        #expect(try workshop.records(of: Self.key).map(\.offset) == [1, 2])
        #expect(workshop.journal.openCount == 1)
    }

    @Test func whatTheBrokerDoesNotHaveIsSentAgain() async throws {
        let workshop = await Self.ready()
        let lost = KafkaSendError(code: .notPersisted, mayBeStored: false)
        workshop.sender.fail(workshop.journalTopic, with: [lost, lost])
        #expect(try await Self.append(workshop) == .valid)
        #expect(try workshop.records(of: Self.key).count == 1)
    }

    @Test func behindAnotherOwnersRecordItIsVoid() async throws {
        let watcher = JournalWatcher()
        let workshop = await Self.ready(watcher)
        workshop.takeOver(0, epoch: 9)
        #expect(try await Self.append(workshop) == .void)
        #expect(workshop.journal.epoch(of: 0) == nil)
        #expect(watcher.has(.held(0)))
    }

    @Test func whoKnowsThatItLostThePartitionWritesNothingButFacts() async throws {
        let workshop = await Self.ready()
        workshop.takeOver(0, epoch: 9)
        workshop.log.askEnds()
        #expect(try await Self.append(workshop, .attempted()) == .void)
        #expect(try workshop.records(of: Self.key).isEmpty)
        #expect(try await Self.append(workshop, .settled()) == .void)
        let record = try #require(try workshop.records(of: Self.key).first)
        #expect(record.key.writer == JournalWriter(epoch: 1, generation: 0))
        #expect(record.mark.isFact)
    }

    @Test func whoDidNotKnowWhatCameLateIsToldToLookAgain() async throws {
        let workshop = await Self.ready()
        workshop.takeOver(0, epoch: 5)
        await workshop.pass("it owns again") { workshop.journal.epoch(of: 0) == 6 }
        let position = try #require(workshop.journal.positions[0])
        let late = try workshop.record(
            Self.key, epoch: 5, .settled(), PaymentRecord(shopTransactionID: "order-1"))
        workshop.store(late, in: 0)
        #expect(try await Self.append(workshop, .attempted(known: position), epoch: 6) == .void)
        #expect(workshop.journal.epoch(of: 0) == 6)
        #expect(try await Self.append(workshop, .attempted(known: position + 1), epoch: 6) == .valid)
    }

    @Test func anEpochThatIsOverIsNobodys() async throws {
        let workshop = await Self.ready()
        #expect(try await Self.append(workshop, epoch: 7) == .void)
        #expect(try workshop.records(of: Self.key).isEmpty)
    }

    @Test func aProducerThatWasReplacedWritesNothingMore() async throws {
        let workshop = await Self.ready()
        workshop.sender.replaceProducer()
        #expect(try await Self.append(workshop, .attempted()) == .void)
        #expect(try workshop.records(of: Self.key).isEmpty)
        #expect(try await Self.append(workshop, .settled()) == .void)
        #expect(
            try workshop.records(of: Self.key).map(\.key.writer) == [JournalWriter(epoch: 1, generation: 1)])
    }

    @Test func whatIsNotAcknowledgedInTimeIsUnconfirmed() async throws {
        let workshop = await Self.ready()
        workshop.sender.withholdReports()
        let outcome = Seen<AppendOutcome>()
        let task = Task { outcome.set(try await Self.append(workshop, isTooLate: { true })) }
        await workshop.pass("it is given up") { outcome.value == .unconfirmed }
        try await task.value
        #expect(workshop.time.now >= Workshop.journalSettings.appendLimit)
    }

    @Test func whoIsCancelledDoesNotWait() async throws {
        let workshop = await Self.ready()
        workshop.sender.withhold()
        let task = Task { try await Self.append(workshop) }
        await eventually("it is stored") { (try? workshop.records(of: Self.key).count) == 1 }
        task.cancel()
        #expect(try await task.value == .unconfirmed)
    }

    @Test func whatIsTooLargeForTheBrokerIsSaidAtOnce() async throws {
        let workshop = await Self.ready()
        workshop.sender.fail(
            workshop.journalTopic, with: [KafkaSendError(code: .messageTooLarge, mayBeStored: false)])
        #expect(try await Self.append(workshop) == .notWritable)
    }

    @Test func aLogThatLosesItsEndLetsNobodyWait() async throws {
        let workshop = await Self.ready()
        for _ in 0..<3 { #expect(try await Self.append(workshop) == .valid) }
        workshop.sender.truncate(KafkaPartition(topic: workshop.journalTopic, partition: 0), to: 1)
        #expect(try await Self.append(workshop) == .void)
        await workshop.pass("it is owned again") { workshop.journal.epoch(of: 0) == 2 }
    }

    // MARK: - Loading

    @Test func aValueIsReadFromTheLogWhenItIsNotInMemory() async throws {
        let workshop = await Self.ready()
        #expect(try await Self.append(workshop) == .valid)
        workshop.journal.state.withLock { $0.cache.drop(partition: 0) }
        for _ in 0..<2 { #expect(try await workshop.known(Self.key, in: 0)?.payment != nil) }
        #expect(workshop.log.lookUps == [1])
    }

    @Test func anEntryThatCannotBeReadIsNoEntryThatDoesNotExist() async throws {
        let workshop = await Self.ready()
        #expect(try await Self.append(workshop) == .valid)
        workshop.journal.state.withLock { $0.cache.drop(partition: 0) }
        workshop.sender.setUnreachable(true)
        await #expect(throws: JournalLoadError.unavailable) { try await workshop.known(Self.key, in: 0) }
        #expect(try await workshop.known(.payment("other"), in: 0) == nil)
    }

    @Test func anIndexThatNamesAnotherRecordIsMadeAnew() async throws {
        let workshop = await Self.ready()
        #expect(try await Self.append(workshop) == .valid)
        workshop.journal.state.withLock { state in
            state.partitions[0]?.log.entries.set(workshop.journal.hash.of(.payment("other")), to: 1)
        }
        await #expect(throws: JournalLoadError.indexDamaged) { try await workshop.known(.payment("other"), in: 0) }
        await workshop.pass("it is owned again") { workshop.journal.epoch(of: 0) == 2 }
        #expect(try await workshop.known(.payment("other"), in: 0) == nil)
        #expect(try await workshop.known(Self.key, in: 0) != nil)
    }

    // MARK: - From time to time

    @Test func anOpenEntryIsAnnouncedAgainAndAgainWithGrowingDelays() async throws {
        let watcher = JournalWatcher()
        let workshop = await Self.ready(watcher)
        let mark = JournalMark(stage: .unknown, attemptID: "a", isOpen: true)
        #expect(try await Self.append(workshop, mark) == .valid)
        let due = JournalWatcher.Event.due(Self.key, .shopTransaction("order-1"), 0)
        await workshop.pass("it is due") { watcher.count(due) == 1 }
        let first = workshop.time.now
        #expect(first >= .seconds(5))
        await workshop.pass("it is due again") { watcher.count(due) == 2 }
        #expect(workshop.time.now - first >= .seconds(10))
        // Settled, it is not announced any more.
        #expect(try await Self.append(workshop, JournalMark(stage: .settled, attemptID: "a")) == .valid)
        let end = workshop.time.now + .seconds(60)
        await workshop.pass("long after") { workshop.time.now > end }
        #expect(watcher.count(due) == 2)
    }

    @Test func anEntryIsWrittenAgainBeforeTheBrokerForgetsIt() async throws {
        let workshop = await Self.ready()
        let mark = JournalMark(stage: .unknown, attemptID: "a", isOpen: true)
        #expect(try await Self.append(workshop, mark) == .valid)
        #expect(try await workshop.known(Self.key, in: 0)?.isAgeing == false)
        workshop.time.shiftClock(by: Workshop.journalSettings.retention / 2 + .seconds(1))
        #expect(try await workshop.known(Self.key, in: 0)?.isAgeing == true)
        let disposition = await workshop.processor(Script([])).process(
            .due(Self.key), KafkaPartition(topic: "commands", partition: 0))
        #expect(disposition == .done)
        #expect(try workshop.records(of: Self.key).count == 2)
        #expect(try await workshop.known(Self.key, in: 0)?.isAgeing == false)
    }
}
