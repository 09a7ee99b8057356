import Shared
import Testing

@testable import Worker

struct JournalLogTests {
    // MARK: - Owners

    @Test func theOwnerOfAHigherEpochOwns() {
        var log = JournalLog()
        #expect(log.read(.owner("a", epoch: 1, at: 0)) == .valid)
        #expect(log.read(.owner("b", epoch: 7, at: 1)) == .valid)
        #expect(log.writer == .epoch(7))
        #expect(log.owner?.id == .init("b"))
        #expect(log.owner?.offset == 1)
        #expect(log.position == 2)
    }

    @Test(arguments: [Int64(3), 2, 1])
    func theOwnerOfAnEqualOrLowerEpochComesTooLate(epoch: Int64) {
        var log = JournalLog()
        _ = log.read(.owner("a", epoch: 3, at: 0))
        #expect(log.read(.owner("b", epoch: epoch, at: 1)) == .late)
        #expect(log.writer == .epoch(3))
        #expect(log.owner?.id == .init("a"))
        #expect(log.position == 2)
    }

    @Test func aRecordThatWasReadAlreadyChangesNothing() {
        var log = JournalLog.owned(epoch: 2)
        #expect(log.read(.entry("x", .epoch(2), at: 5)) == .valid)
        #expect(log.read(.entry("x", .epoch(2), at: 3, .attempted())) == .valid)
        #expect(log.read(.entry("x", .epoch(1), at: 4, .attempted())) == .late)
        #expect(log.places("x") == [5])
        #expect(log.open.isEmpty)
        #expect(log.last?.offset == 5)
    }

    // MARK: - Entries

    @Test func theStateIsTheLastRecordOfTheCurrentWriter() {
        var log = JournalLog.owned(epoch: 2)
        #expect(log.read(.entry("x", .epoch(2), at: 1, .attempted())) == .valid)
        #expect(log.read(.entry("x", .epoch(2), at: 2, .settled())) == .valid)
        #expect(log.places("x") == [2])
        #expect(log.places("y").isEmpty)
    }

    @Test func aRecordOfAHigherWriterProvesAnOwnerWhoseRecordHasExpired() {
        var log = JournalLog.owned(epoch: 2)
        #expect(log.read(.entry("x", .epoch(5), at: 1)) == .valid)
        #expect(log.writer == .epoch(5))
        #expect(log.read(.owner("late", epoch: 5, at: 2)) == .late)
        #expect(log.read(.entry("y", .epoch(2), at: 3)) == .late)
    }

    @Test func aLaterProducerOfTheSameOwnerIsAHigherWriter() {
        var log = JournalLog.owned(epoch: 2)
        #expect(log.read(.entry("x", .epoch(2, 1), at: 1)) == .valid)
        #expect(log.read(.entry("x", .epoch(2, 0), at: 2)) == .late)
        #expect(log.read(.owner("next", epoch: 3, at: 3)) == .valid)
        #expect(log.read(.entry("x", .epoch(2, 7), at: 4)) == .late)
        #expect(log.writer == .epoch(3))
    }

    // MARK: - What comes late

    @Test func aLateRecordIsRememberedUntilARecordSaysThatItsWriterKnewIt() {
        var log = JournalLog.owned(epoch: 2)
        _ = log.read(.entry("x", .epoch(2), at: 1, .attempted()))
        #expect(log.read(.entry("x", .epoch(1), at: 2, .settled())) == .late)
        #expect(log.places("x") == [1, 2])
        #expect(log.hasLate(.of("x"), from: 2))
        #expect(!log.hasLate(.of("x"), from: 3))
        // Its writer had not read it.
        _ = log.read(.entry("x", .epoch(2), at: 3, .settled(known: 2)))
        #expect(log.places("x") == [3, 2])
        #expect(log.openEntry("x")?.isLate == true)
        _ = log.read(.entry("x", .epoch(2), at: 4, .settled(known: 3)))
        #expect(log.places("x") == [4])
        #expect(log.open.isEmpty)
        #expect(log.late.isEmpty)
    }

    @Test func aLateRecordOfAnEntryThatDoesNotExistIsAllThatIsKnown() {
        var log = JournalLog.owned(epoch: 2)
        #expect(log.read(.entry("x", .epoch(1), at: 1, .settled())) == .late)
        #expect(log.places("x") == [1])
        #expect(log.openEntry("x") == JournalLog.OpenEntry(late: 1))
        #expect(log.lateCount == 1)
    }

    @Test func aLateAttemptIsOpenAndExcludesOthersOfItsGroup() {
        var log = JournalLog.owned(epoch: 2)
        _ = log.read(.entry("x", .epoch(1), at: 1, .attempted("a")))
        #expect(log.openEntry("x")?.key == .payment("x"))
        #expect(log.openEntry("x")?.isLate == true)
        #expect(log.groups == ["g": [.of("x")]])
    }

    @Test func manyLateRecordsAreRememberedInTheirOrder() {
        var log = JournalLog.owned(epoch: 9)
        for offset in Int64(1)...4 { _ = log.read(.entry("x", .epoch(offset), at: offset)) }
        #expect(log.places("x") == [1, 2, 3, 4])
        _ = log.read(.entry("x", .epoch(9), at: 5, JournalMark(known: 3)))
        #expect(log.places("x") == [5, 3, 4])
    }

    // MARK: - Groups, claims, keys

    @Test func groupsFollowTheirEntriesAndTheEarliestIsTheFirst() {
        var log = JournalLog.owned(epoch: 1)
        _ = log.read(.entry("x", .epoch(1), at: 1, .attempted()))
        _ = log.read(.entry("y", .epoch(1), at: 2, .attempted()))
        _ = log.read(.entry("z", .epoch(1), at: 3, .attempted(group: "other")))
        #expect(log.groups == ["g": [.of("x"), .of("y")], "other": [.of("z")]])
        // Settled and still to be published, it excludes nobody any more.
        _ = log.read(.entry("x", .epoch(1), at: 4, .settled(isOpen: true)))
        #expect(log.groups["g"] == [.of("y")])
        #expect(log.open.count == 3)
        for (number, name) in ["x", "y", "z"].enumerated() {
            _ = log.read(.entry(name, .epoch(1), at: Int64(5 + number), .settled()))
        }
        #expect(log.groups.isEmpty)
        #expect(log.open.isEmpty)
    }

    @Test func whatIsOpenedChangedOrClosedIsToldOnce() {
        var log = JournalLog.owned(epoch: 1)
        _ = log.read(.entry("x", .epoch(1), at: 1, .attempted()))
        _ = log.read(.entry("y", .epoch(1), at: 2))
        #expect(log.takeChanged() == [.of("x")])
        #expect(log.takeChanged().isEmpty)
        _ = log.read(.entry("x", .epoch(1), at: 3, .settled()))
        #expect(log.takeChanged() == [.of("x")])
    }

    @Test func callersKeysLeadToTheirEntryAlsoWhenTheRecordIsLate() throws {
        let claims = (1...2).map { JournalClaim(bits: $0) }
        var log = JournalLog.owned(epoch: 2)
        _ = log.read(.entry("x", .epoch(2), at: 1, JournalMark(claims: [claims[0]])))
        _ = log.read(.entry("y", .epoch(1), at: 2, JournalMark(claims: [claims[1]])))
        #expect(log.claims.entry(of: claims[0]) == .of("x"))
        #expect(log.claims.entry(of: claims[1]) == .of("y"))
    }

    @Test func theLastUseOfEachSealingKeyIsKnown() {
        var log = JournalLog.owned(epoch: 1)
        for (offset, (id, time)) in [("k1", Int64(5)), ("k2", 6), ("k1", 9), ("k1", 7)].enumerated() {
            _ = log.read(.entry("x", .epoch(1), at: Int64(offset + 1), JournalMark(sealingKeyID: id), time: time))
        }
        #expect(log.sealingKeys == ["k1": 9, "k2": 6])
    }

    // MARK: - What has expired

    @Test func whatStandsBelowTheLogsStartHasExpired() {
        var log = JournalLog.owned(epoch: 2)
        _ = log.read(.entry("old", .epoch(2), at: 1, .attempted()))
        _ = log.read(.entry("late", .epoch(1), at: 2, .settled()))
        _ = log.read(.entry("late", .epoch(1), at: 3, .settled()))
        _ = log.read(.entry("new", .epoch(2), at: 4, .attempted(group: "h")))
        log.expire(before: 3)
        #expect(log.places("old").isEmpty)
        #expect(log.places("late") == [3])
        #expect(log.places("new") == [4])
        #expect(Set(log.open.keys) == [.of("late"), .of("new")])
        #expect(log.groups == ["h": [.of("new")]])
        log.expire(before: 2)
        #expect(log.entries.first == 3)
        // A reader that was behind the start goes on there.
        log.expire(before: 90)
        #expect(log.position == 90)
        #expect(log.open.isEmpty)
    }

    @Test func aRecordThatIsNoneOfAJournalIsPassedOver() {
        var log = JournalLog.owned(epoch: 1)
        log.pass(9)
        #expect(log.position == 10)
        log.pass(4)
        #expect(log.position == 10)
        log.pass(.max)
        #expect(log.position == .max)
        #expect(log.read(.entry("x", .epoch(1), at: .max)) == .valid)
        #expect(log.position == .max)
    }
}
