import Testing

@testable import Shared
@testable import Worker

struct JournalLogTests {
    // MARK: - Owners

    @Test func anOwnerOfAHigherEpochIsValid() {
        var log = JournalLog()
        #expect(log.reads(.owner("a", epoch: 1, at: 0)) == .valid)
        #expect(log.checkpoint.epoch == 1)
        #expect(log.checkpoint.ownerID == "a")
        #expect(log.reads(.owner("b", epoch: 7, at: 1)) == .valid)
        #expect(log.checkpoint.epoch == 7)
        #expect(log.checkpoint.ownerID == "b")
        #expect(log.checkpoint.position == 2)
    }

    @Test(arguments: [Int64(3), 2, 1])
    func anOwnerOfAnEqualOrLowerEpochIsVoid(epoch: Int64) {
        var log = JournalLog()
        #expect(log.reads(.owner("a", epoch: 3, at: 0)) == .valid)
        #expect(log.reads(.owner("b", epoch: epoch, at: 1)) == .void)
        #expect(log.checkpoint.epoch == 3)
        #expect(log.checkpoint.ownerID == "a")
        #expect(log.checkpoint.position == 2)
        #expect(log.changes.isEmpty)
    }

    @Test func anOwnRecordThatWasWrittenTwiceIsValidTwice() {
        var log = JournalLog()
        #expect(log.reads(.owner("a", epoch: 3, at: 0)) == .valid)
        #expect(log.reads(.owner("a", epoch: 3, at: 1)) == .valid)
        #expect(log.reads(.owner("b", epoch: 4, at: 2)) == .valid)
        #expect(log.reads(.owner("a", epoch: 3, at: 3)) == .void)
        #expect(log.checkpoint.ownerID == "b")
    }

    // MARK: - Epochs of entries

    @Test func aRecordOfTheCurrentEpochIsValid() {
        var log = JournalLog.owned(epoch: 2)
        let record = JournalReading.entry(.settled, "1", epoch: 2, at: 1)
        #expect(log.reads(record) == .valid)
        #expect(log.changes[record.key] == .some(record.row))
    }

    @Test func aRecordOfAHigherEpochProvesAnOwnerWhoseRecordIsGone() {
        var log = JournalLog.owned(epoch: 2)
        #expect(log.reads(.entry(.settled, "1", epoch: 5, at: 1)) == .valid)
        #expect(log.checkpoint.epoch == 5)
        #expect(log.checkpoint.ownerID.isEmpty)
        #expect(log.reads(.owner("late", epoch: 5, at: 2)) == .void)
        #expect(log.reads(.entry(.settled, "2", epoch: 2, at: 3)) == .void)
    }

    @Test func aRecordOfALowerEpochIsVoidAndTheEntryNeedsRepair() {
        var log = JournalLog.owned(epoch: 2)
        let valid = JournalReading.entry(.settled, "1", epoch: 2, at: 1)
        log.reads(valid)
        #expect(log.reads(.entry(.attempted, "2", epoch: 1, at: 2)) == .void)
        var expected = valid.row
        expected?.needsRepair = true
        #expect(log.changes[valid.key] == .some(expected))
        #expect(log.attention[valid.key] == expected)
        #expect(log.checkpoint.position == 3)
    }

    // MARK: - What comes late

    @Test func aLateSettledOfTheVeryAttemptIsValidOnce() {
        var log = JournalLog.owned(epoch: 1)
        log.reads(.entry(.attempted, "1", epoch: 1, at: 1))
        log.reads(.owner("b", epoch: 2, at: 2))
        let settled = JournalReading.entry(.settled, "1", epoch: 1, at: 3)
        #expect(log.reads(settled) == .valid)
        #expect(log.changes[settled.key] == .some(settled.row))
        #expect(log.attention.isEmpty)
        #expect(log.checkpoint.epoch == 2)

        #expect(log.reads(.entry(.settled, "1", epoch: 1, at: 4)) == .void)
        #expect(log.changes[settled.key]??.offset == 3)
        #expect(log.attention[settled.key]?.needsRepair == true)
    }

    @Test func aLateSettledIsValidWhenTheNewOwnerHasCarriedTheAttemptOn() {
        var log = JournalLog.owned(epoch: 1)
        log.reads(.entry(.attempted, "1", epoch: 1, at: 1))
        log.reads(.owner("b", epoch: 2, at: 2))
        log.reads(.entry(.unknown, "1", epoch: 2, at: 3))
        #expect(log.reads(.entry(.settled, "1", epoch: 1, at: 4)) == .valid)
    }

    @Test(arguments: ["2", ""])
    func aLateSettledOfAnotherAttemptIsVoid(attempt: String) {
        var log = JournalLog.owned(epoch: 2)
        let waiting = JournalReading.entry(.attempted, "1", epoch: 2, at: 1)
        log.reads(waiting)
        #expect(log.reads(.entry(.settled, attempt, epoch: 1, at: 2)) == .void)
        #expect(log.changes[waiting.key]??.offset == 1)
        #expect(log.attention[waiting.key]?.needsRepair == true)
    }

    @Test func noAttemptSettlesAnAttemptWithoutAnId() {
        var log = JournalLog.owned(epoch: 2)
        log.reads(.entry(.attempted, "", epoch: 2, at: 1))
        #expect(log.reads(.entry(.settled, "", epoch: 1, at: 2)) == .void)
    }

    @Test(arguments: [JournalMark.Stage.attempted, .unknown, .none])
    func aLateRecordOfAnotherStageIsVoid(stage: JournalMark.Stage) {
        var log = JournalLog.owned(epoch: 2)
        log.reads(.entry(.attempted, "1", epoch: 2, at: 1))
        #expect(log.reads(.entry(stage, "1", epoch: 1, at: 2)) == .void)
    }

    @Test func aLateSettledIsVoidAfterTheAttemptWasSettled() {
        var log = JournalLog.owned(epoch: 2)
        let settled = JournalReading.entry(.settled, "1", epoch: 2, at: 1)
        log.reads(settled)
        #expect(log.reads(.entry(.settled, "1", epoch: 1, at: 2)) == .void)
        #expect(log.changes[settled.key]??.offset == 1)
    }

    @Test func aLateTombstoneIsVoid() {
        var log = JournalLog.owned(epoch: 2)
        let waiting = JournalReading.entry(.attempted, "1", epoch: 2, at: 1)
        log.reads(waiting)
        #expect(log.reads(.tombstone(epoch: 1, at: 2)) == .void)
        #expect(log.changes[waiting.key]??.value != nil)
        var mark = JournalMark(epoch: 1, stage: .settled, attemptID: "1")
        mark.isOpen = false
        #expect(log.reads(JournalReading(id: "t", key: waiting.key, mark: mark, value: nil, offset: 3)) == .void)
    }

    @Test func aLateSettledIsVoidForAnEntryThatDoesNotExist() {
        var log = JournalLog.owned(epoch: 2)
        #expect(log.reads(.entry(.settled, "1", epoch: 1, at: 1)) == .void)
        log.reads(.entry(.attempted, "1", epoch: 2, at: 2))
        log.reads(.tombstone(epoch: 2, at: 3))
        #expect(log.reads(.entry(.settled, "1", epoch: 1, at: 4)) == .void)
    }

    @Test func aLateRecordIsJudgedByTheStoredRowWhenNothingHasChangedSince() throws {
        let waiting = JournalReading.entry(.unknown, "1", epoch: 1, at: 1)
        var log = JournalLog(JournalCheckpoint(position: 2, epoch: 2))
        #expect(log.read(.entry(.settled, "1", epoch: 1, at: 2)) { _ in waiting.row } == .valid)
        // It changed, so that the stored row does not count any more.
        #expect(log.read(.entry(.settled, "1", epoch: 1, at: 3)) { _ in waiting.row } == .void)
        struct Unreadable: Error {}
        #expect(throws: Unreadable.self) {
            try log.read(.entry(.settled, "1", key: "other", epoch: 1, at: 4)) { _ in throw Unreadable() }
        }
        #expect(log.checkpoint.position == 4)
    }

    // MARK: - Repair

    @Test func aVoidRecordWithoutAValidStateLeavesAGhostUntilAValidOneEndsIt() {
        var log = JournalLog.owned(epoch: 2)
        let void = JournalReading.entry(.attempted, "1", epoch: 1, at: 1)
        #expect(log.reads(void) == .void)
        let ghost = log.attention[void.key]
        #expect(ghost?.value == nil)
        #expect(ghost?.needsRepair == true)
        #expect(ghost?.mark.isOpen == false)
        #expect(log.openGroups.isEmpty)
        #expect(log.changedRow(void.key) == .some(ghost))
        #expect(log.reads(.tombstone(epoch: 2, at: 2)) == .valid)
        #expect(log.attention.isEmpty)
        #expect(log.changes[void.key] == .some(nil))
    }

    @Test func aValidRecordEndsTheNeedOfRepair() {
        var log = JournalLog.owned(epoch: 2)
        log.reads(.entry(.settled, "1", epoch: 2, at: 1))
        log.reads(.entry(.attempted, "2", epoch: 1, at: 2))
        let again = JournalReading.entry(.settled, "1", epoch: 2, at: 3)
        #expect(log.reads(again) == .valid)
        #expect(log.attention.isEmpty)
        #expect(log.changes[again.key] == .some(again.row))
    }

    @Test func aRepetitionIsTheSameStateAndEndsTheNeedOfRepair() {
        var log = JournalLog.owned(epoch: 2)
        log.reads(.entry(.settled, "1", epoch: 2, at: 1))
        log.reads(.entry(.attempted, "2", epoch: 1, at: 2))
        #expect(log.reads(.entry(.settled, "1", epoch: 2, at: 3, repeats: 1)) == .valid)
        #expect(log.attention.isEmpty)
        #expect(log.changes[.payment("1")]??.stateOffset == 1)
        #expect(log.reads(.entry(.settled, "1", epoch: 2, at: 4, repeats: 1)) == .valid)
        #expect(log.reads(.tombstone(epoch: 2, at: 5, repeats: 1)) == .valid)
        #expect(log.changes[.payment("1")] == .some(nil))
        #expect(log.attention.isEmpty)
    }

    @Test func aRepetitionIsVoidWhenTheEntryHasALaterState() {
        var log = JournalLog.owned(epoch: 2)
        log.reads(.entry(.settled, "1", epoch: 2, at: 1))
        let later = JournalReading.entry(.attempted, "2", epoch: 2, at: 2)
        log.reads(later)
        #expect(log.reads(.entry(.settled, "1", epoch: 2, at: 3, repeats: 1)) == .void)
        #expect(log.changes[later.key]??.offset == 2)
        #expect(log.attention[later.key]?.needsRepair == true)
        #expect(log.reads(.entry(.attempted, "2", epoch: 2, at: 4, repeats: 2)) == .valid)
        #expect(log.attention.isEmpty)
        #expect(log.reads(.tombstone(epoch: 2, at: 5, repeats: 1)) == .void)
        #expect(log.attention[later.key]?.needsRepair == true)
    }

    // MARK: - Groups and changes

    @Test func openGroupsFollowTheirEntries() {
        var log = JournalLog.owned(epoch: 1)
        let open = JournalReading.entry(.attempted, "1", epoch: 1, at: 1, group: "g", isOpen: true)
        log.reads(open)
        #expect(log.openGroups == ["g": open.key])
        log.reads(.owner("b", epoch: 2, at: 2))
        log.reads(.entry(.attempted, "2", epoch: 1, at: 3, group: "other", isOpen: true))
        #expect(log.openGroups == ["g": open.key])
        log.reads(.entry(.settled, "1", epoch: 2, at: 4, group: "g", isOpen: true))
        #expect(log.openGroups == ["g": open.key])
        log.reads(.entry(.settled, "1", epoch: 2, at: 5, group: "g"))
        #expect(log.openGroups.isEmpty)
        #expect(log.attention.isEmpty)
    }

    @Test func openEntriesComeBackFromTheIndex() {
        let row = JournalReading.entry(.attempted, "1", epoch: 1, at: 1, group: "g", isOpen: true).row
        let log = JournalLog(JournalCheckpoint(position: 2, epoch: 1), attention: [row].compactMap { $0 })
        #expect(log.openGroups == ["g": .payment("1")])
        #expect(log.attention == [.payment("1"): row])
        #expect(log.changes.isEmpty)
        #expect(log.changedRow(.payment("1")) == nil)
    }

    @Test func whatWasStoredIsForgottenUnlessItHasChangedMeanwhile() {
        var log = JournalLog.owned(epoch: 1)
        log.reads(.entry(.attempted, "1", key: "changing", epoch: 1, at: 1, isOpen: true))
        log.reads(.entry(.settled, "1", key: "resting", epoch: 1, at: 2))
        log.reads(.tombstone("ended", epoch: 1, at: 3))
        log.reads(.tombstone("ended again", epoch: 1, at: 4))
        let stored = log.changes
        log.reads(.entry(.settled, "1", key: "changing", epoch: 1, at: 5))
        log.reads(.entry(.settled, "1", key: "ended again", epoch: 1, at: 6))
        log.stored(stored)
        #expect(Set(log.changes.keys) == [.payment("changing"), .payment("ended again")])
        #expect(log.changedRow(.payment("changing"))??.offset == 5)
        log.stored(log.changes)
        #expect(log.changes.isEmpty)
    }

    @Test func aRecordThatIsNoneOfAJournalIsPassedOver() {
        var log = JournalLog.owned(epoch: 1)
        log.skip(9)
        #expect(log.checkpoint == JournalCheckpoint(position: 10, epoch: 1, ownerID: "a"))
        log.skip(.max)
        #expect(log.checkpoint.position == .max)
        #expect(log.reads(.entry(.settled, "1", epoch: 1, at: .max)) == .valid)
        #expect(log.checkpoint.position == .max)
    }

    // MARK: - Readers

    @Test(arguments: UInt64(1)...30)
    func readersOfTheSameRecordsAgreeHoweverTheyReadAndFlush(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let records = JournalReading.random(count: 600, using: &generator)
        var straight = JournalReaderModel()
        straight.read(records[...])
        straight.finish()
        for _ in 0..<3 {
            var other = JournalReaderModel()
            while other.log.checkpoint.position < records.count {
                let start = Int(other.log.checkpoint.position)
                other.read(records[start..<min(records.count, start + Int.random(in: 1...40, using: &generator))])
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: other.beginFlush()
                case 1: other.endFlush()
                case 2 where Int.random(in: 0..<3, using: &generator) == 0: other.restart()
                default: continue
                }
            }
            other.finish()
            #expect(other.verdicts == straight.verdicts)
            #expect(other.log.checkpoint == straight.log.checkpoint)
            #expect(other.log.attention == straight.log.attention)
            #expect(other.log.openGroups == straight.log.openGroups)
            #expect(other.rows(of: records) == straight.rows(of: records))
        }
        #expect(Set(straight.verdicts.values) == [.valid, .void])
    }
}
