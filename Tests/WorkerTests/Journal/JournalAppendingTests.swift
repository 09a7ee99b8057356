import Shared
import Testing

@testable import Worker

/// A record counts once it was read back.
struct JournalAppendingTests {
    private static let key = JournalKey.claim("c")

    private static func ready() async -> Workshop {
        var settings = Workshop.journalSettings
        settings.partitions = 1
        let workshop = Workshop(journalSettings: settings, watcher: JournalWatcher())
        await workshop.ready()
        return workshop
    }

    private static func record(_ id: String = "r.1", epoch: Int64 = 1) -> JournalRecord {
        .sample(key, JournalMark(epoch: epoch), id: id)
    }

    @Test func aRecordIsValidWhenItWasReadBack() async throws {
        let workshop = await Self.ready()
        workshop.sender.withhold()
        let task = Task { await workshop.journal.append(Self.record(), to: 0) }
        await eventually("it is stored") { (try? workshop.records(of: Self.key).count) == 1 }
        #expect(try await workshop.journal.row(Self.key, of: 0) == nil)
        workshop.sender.release()
        #expect(await task.value == .valid)
        #expect(try await workshop.journal.row(Self.key, of: 0) != nil)
    }

    @Test func aLostAcknowledgementDoesNotMatterOnceTheRecordIsRead() async throws {
        let workshop = await Self.ready()
        workshop.sender.loseAcknowledgement(of: workshop.journalTopic)
        #expect(await workshop.journal.append(Self.record(), to: 0) == .valid)
        #expect(try workshop.records(of: Self.key).count == 1)
    }

    @Test func nobodyWaitsForTheAcknowledgementOfWhatWasReadBack() async throws {
        let workshop = await Self.ready()
        workshop.sender.withholdReports()
        #expect(await workshop.journal.append(Self.record(), to: 0) == .valid)
    }

    @Test func whatTheBrokerDoesNotHaveIsSentAgain() async throws {
        let workshop = await Self.ready()
        let lost = KafkaSendError(code: .notPersisted, mayBeStored: false)
        workshop.sender.fail(workshop.journalTopic, with: [lost, lost])
        #expect(await workshop.journal.append(Self.record(), to: 0) == .valid)
        #expect(try workshop.records(of: Self.key).count == 1)
    }

    @Test func whatTheBrokerMayHaveIsSentAgainUnchangedWhenItIsNotRead() async throws {
        let workshop = await Self.ready()
        let inDoubt = KafkaSendError(code: .possiblyPersisted, mayBeStored: true)
        workshop.sender.fail(workshop.journalTopic, with: [inDoubt])
        let outcome = Seen<AppendOutcome>()
        let task = Task { outcome.set(await workshop.journal.append(Self.record(), to: 0)) }
        await workshop.pass("it is read after all") { outcome.value == .valid }
        await task.value
        #expect(try workshop.records(of: Self.key).count == 1)
    }

    @Test func aRecordThatIsStoredTwiceHasTheVerdictOfTheFirst() async throws {
        let workshop = await Self.ready()
        workshop.sender.withhold()
        let task = Task { await workshop.journal.append(Self.record(), to: 0) }
        await eventually("it is stored") { (try? workshop.records(of: Self.key).count) == 1 }
        try workshop.takeOver(0, epoch: 9)
        try workshop.store(Self.record(), in: 0)
        workshop.sender.release()
        #expect(await task.value == .valid)
    }

    @Test func behindAnotherOwnersRecordItIsVoid() async throws {
        let workshop = await Self.ready()
        workshop.sender.withhold()
        try workshop.takeOver(0, epoch: 9)
        let task = Task { await workshop.journal.append(Self.record(), to: 0) }
        await eventually("it is stored") { (try? workshop.records(of: Self.key).count) == 1 }
        workshop.sender.release()
        #expect(await task.value == .void)
        #expect(try await workshop.journal.row(Self.key, of: 0) == nil)
    }

    @Test func whoIsFencedAndHasNotBeenHeardGivesUp() async throws {
        let workshop = await Self.ready()
        try workshop.takeOver(0, epoch: 9)
        workshop.sender.fail(
            workshop.journalTopic, with: [KafkaSendError(code: .notPersisted, mayBeStored: false)])
        #expect(await workshop.journal.append(Self.record(), to: 0) == .void)
        #expect(try workshop.records(of: Self.key).isEmpty)
    }

    @Test func whatIsNotReadInTimeIsUnconfirmed() async throws {
        let workshop = await Self.ready()
        workshop.sender.withhold()
        let outcome = Seen<AppendOutcome>()
        let task = Task { outcome.set(await workshop.journal.append(Self.record(), to: 0, isTooLate: { true })) }
        await workshop.pass("it is given up") { outcome.value == .unconfirmed }
        await task.value
        #expect(workshop.time.now >= Workshop.journalSettings.readBackLimit)
    }

    @Test func whoIsCancelledDoesNotWait() async throws {
        let workshop = await Self.ready()
        workshop.sender.withhold()
        let task = Task { await workshop.journal.append(Self.record(), to: 0) }
        await eventually("it is stored") { (try? workshop.records(of: Self.key).count) == 1 }
        task.cancel()
        #expect(await task.value == .unconfirmed)
    }

    @Test func whatIsTooLargeForTheBrokerIsSaidAtOnce() async throws {
        let workshop = await Self.ready()
        workshop.sender.fail(
            workshop.journalTopic, with: [KafkaSendError(code: .messageTooLarge, mayBeStored: false)])
        #expect(await workshop.journal.append(Self.record(), to: 0) == .notWritable)
    }

    // MARK: - From time to time

    @Test func expiredEntriesEndAndOpenOnesNever() async throws {
        let workshop = await Self.ready()
        let soon = Workshop.now + 10_000
        let open = JournalMark(epoch: 1, stage: .unknown, attemptID: "a", isOpen: true, expiresAtMilliseconds: soon)
        let keys: [(JournalKey, JournalMark)] = [
            (.claim("expired"), JournalMark(epoch: 1, expiresAtMilliseconds: soon)),
            (.claim("later"), JournalMark(epoch: 1, expiresAtMilliseconds: soon + 86_400_000)),
            (.claim("always"), JournalMark(epoch: 1)), (.payment("open"), open),
        ]
        for (number, entry) in keys.enumerated() {
            let record = JournalRecord.sample(entry.0, entry.1, id: "r.\(number)")
            #expect(await workshop.journal.append(record, to: 0) == .valid)
        }
        await workshop.pass("the entry ends") { (try? workshop.records(of: .claim("expired")).count) == 2 }
        let last = try #require(try workshop.records(of: .claim("expired")).last)
        #expect(last.value == nil)
        #expect(last.mark.repeats == 1)
        #expect(try await workshop.journal.row(.claim("expired"), of: 0) == nil)
        // Another round finds nothing more.
        let end = workshop.time.now + Workshop.journalSettings.sweepInterval * 2
        await workshop.pass("the next rounds") { workshop.time.now > end }
        for (key, _) in keys.dropFirst() { #expect(try workshop.records(of: key).count == 1) }
        #expect(try workshop.records(of: .claim("expired")).count == 2)
    }

    @Test func anOpenEntryIsAnnouncedAgainAndAgainWithGrowingDelays() async throws {
        var settings = Workshop.journalSettings
        settings.partitions = 1
        let watcher = JournalWatcher()
        let workshop = Workshop(journalSettings: settings, watcher: watcher)
        await workshop.ready()
        let mark = JournalMark(epoch: 1, stage: .unknown, attemptID: "a", isOpen: true)
        #expect(await workshop.journal.append(.sample(.payment("order-1"), mark, id: "r.1"), to: 0) == .valid)
        let due = JournalWatcher.Event.due(.payment("order-1"), .shopTransaction("order-1"), 0)
        await workshop.pass("it is due") { watcher.count(due) == 1 }
        let first = workshop.time.now
        #expect(first >= .seconds(5))
        await workshop.pass("it is due again") { watcher.count(due) == 2 }
        #expect(workshop.time.now - first >= .seconds(10))
        // Settled, it is not announced any more.
        let settled = JournalMark(epoch: 1, stage: .settled, attemptID: "a")
        #expect(await workshop.journal.append(.sample(.payment("order-1"), settled, id: "r.2"), to: 0) == .valid)
        let end = workshop.time.now + .seconds(60)
        await workshop.pass("long after") { workshop.time.now > end }
        #expect(watcher.count(due) == 2)
    }
}
