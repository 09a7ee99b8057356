import Shared
import Testing

@testable import Worker

struct JournalPartitionTests {
    private static let writer = JournalWriter.epoch(2)

    /// A partition that this process owns: the log ends behind its owner's record at 0.
    private static func owned() -> JournalPartition {
        var partition = JournalPartition()
        partition.assigned(1)
        partition.sent()
        _ = partition.acknowledged(1, .owner("own", epoch: 2, at: 0))
        _ = partition.owned(writer, .init("own"), 1)
        return partition
    }

    /// An own record, as its acknowledgement tells of it.
    private static func own(at offset: Int64, id: String? = nil) -> JournalReading {
        .entry("x", writer, at: offset, id: id ?? "own.\(offset)")
    }

    // MARK: - What the offset proves

    @Test func anOwnerWhoseRecordIsAcknowledgedRightBehindWhatWasReadOwns() {
        var partition = JournalPartition()
        partition.assigned(1)
        partition.sent()
        #expect(partition.acknowledged(7, .owner("own", epoch: 1, at: 0)) == [.judged(7, .valid)])
        #expect(!partition.isOwned)
        #expect(partition.owned(.epoch(1), .init("own"), 1) == true)
        #expect(partition.isOwned)
        #expect(partition.role == .owning(assignment: 1, .epoch(1)))
    }

    @Test func nobodyOwnsWithAnotherAssignmentOrBehindAnotherOwner() {
        var partition = JournalPartition()
        partition.assigned(2)
        partition.sent()
        _ = partition.acknowledged(7, .owner("own", epoch: 1, at: 0))
        #expect(partition.owned(.epoch(1), .init("own"), 1) == false)
        #expect(partition.owned(.epoch(1), .init("other"), 2) == false)
        _ = partition.received(.owner("other", epoch: 2, at: 1))
        #expect(partition.owned(.epoch(1), .init("own"), 2) == false)
    }

    @Test func aRowOfAcknowledgedRecordsIsProvenWithoutBeingRead() {
        var partition = Self.owned()
        for _ in 0..<3 { partition.sent() }
        for offset in Int64(1)...3 {
            #expect(partition.acknowledged(UInt64(offset), Self.own(at: offset)) == [.judged(UInt64(offset), .valid)])
        }
        #expect(partition.log.position == 4)
        #expect(!partition.isAppending)
    }

    @Test func whatIsAcknowledgedBehindAGapIsReadUpTo() {
        var partition = Self.owned()
        partition.sent()
        #expect(partition.acknowledged(1, Self.own(at: 3)) == [.read(from: 0, upTo: 3)])
        #expect(partition.received(.entry("y", .epoch(1), at: 1)).isEmpty)
        #expect(partition.received(.entry("y", .epoch(1), at: 2)) == [.judged(1, .valid)])
        #expect(partition.log.position == 4)
        #expect(partition.isOwned)
    }

    @Test func anotherRecordWhereTheLastOneStoodMeansAnotherLog() {
        var partition = Self.owned()
        let known = partition.log.last?.offset ?? -1
        let actions = partition.received(.owner("other", epoch: 1, at: known))
        #expect(actions.contains(.reset(assignment: 1)))
        #expect(partition.log.position == 0)
    }

    @Test func aGapThatHoldsNothingMoreIsPassed() {
        var partition = Self.owned()
        partition.sent()
        _ = partition.acknowledged(1, Self.own(at: 9))
        #expect(partition.received(.entry("y", .epoch(1), at: 4)).isEmpty)
        #expect(partition.reached(9) == [.judged(1, .valid), .reached])
    }

    @Test func recordsBehindAGapAreProvenInTheirOrderWhateverTheOrderOfTheirAcknowledgements() {
        var partition = Self.owned()
        for _ in 0..<3 { partition.sent() }
        #expect(partition.acknowledged(3, Self.own(at: 4)) == [.read(from: 0, upTo: 4)])
        #expect(partition.acknowledged(1, Self.own(at: 2)).isEmpty)
        #expect(partition.acknowledged(2, Self.own(at: 3)).isEmpty)
        #expect(
            partition.received(.entry("y", .epoch(1), at: 1)) == [
                .judged(1, .valid), .judged(2, .valid), .judged(3, .valid),
            ])
    }

    @Test func whatIsAcknowledgedFartherBehindExtendsWhatIsRead() {
        var partition = Self.owned()
        for _ in 0..<2 { partition.sent() }
        #expect(partition.acknowledged(1, Self.own(at: 2)) == [.read(from: 0, upTo: 2)])
        #expect(partition.acknowledged(2, Self.own(at: 5)) == [.read(from: 0, upTo: 5)])
        _ = partition.received(.entry("y", .epoch(1), at: 1))
        #expect(partition.log.position == 3)
        _ = partition.received(.entry("y", .epoch(1), at: 3))
        #expect(partition.received(.entry("y", .epoch(1), at: 4)) == [.judged(2, .valid)])
    }

    @Test func behindAnotherOwnersRecordItIsLateAndThePartitionIsLost() {
        var partition = Self.owned()
        partition.sent()
        _ = partition.acknowledged(1, Self.own(at: 2))
        let actions = partition.received(.owner("other", epoch: 3, at: 1))
        #expect(actions.contains(.judged(1, .late)))
        #expect(actions.contains(.lost(assignment: 1)))
        #expect(partition.role == .acquiring(assignment: 1))
        #expect(partition.log.places("x") == [2])
    }

    // MARK: - Acknowledgements that say less

    @Test func withoutAnOffsetTheEndIsAskedForAndTheRecordRead() {
        var partition = Self.owned()
        partition.sent()
        #expect(partition.acknowledged(1, Self.own(at: -1, id: "mine")) == [.ask])
        #expect(partition.bounded(0..<2, askedAt: 1, isFollowed: true) == [.read(from: 0, upTo: 2)])
        #expect(partition.received(Self.own(at: 1, id: "mine")) == [.judged(1, .valid)])
    }

    @Test func whatWasAcknowledgedAndIsNotInTheLogIsLate() {
        var partition = Self.owned()
        partition.sent()
        _ = partition.acknowledged(1, Self.own(at: -1, id: "mine"))
        #expect(partition.bounded(0..<1, askedAt: 1, isFollowed: true) == [.judged(1, .late), .reached])
    }

    @Test func anAcknowledgementThatComesAfterTheRecordWasReadHasItsVerdict() {
        var partition = Self.owned()
        partition.sent()
        #expect(partition.received(Self.own(at: 1)).isEmpty)
        #expect(partition.received(.owner("other", epoch: 3, at: 2)) == [.lost(assignment: 1)])
        #expect(partition.acknowledged(1, Self.own(at: 1)) == [.judged(1, .valid)])
        #expect(!partition.isAppending)
    }

    @Test func whatWasReadAheadIsForgottenWhenNothingIsUnderWay() {
        var partition = Self.owned()
        partition.sent()
        _ = partition.received(Self.own(at: 1, id: "lost"))
        partition.failed()
        partition.sent()
        // The same record again would be a second one.
        #expect(partition.acknowledged(2, Self.own(at: 2, id: "again")) == [.judged(2, .valid)])
    }

    // MARK: - The end of the log

    @Test func anEndBehindThePositionIsReadUpToUnlessItMayBeTheOwnRecords() {
        var partition = Self.owned()
        #expect(partition.bounded(0..<4, askedAt: 1, isFollowed: false) == [.read(from: 0, upTo: 4)])
        // It is under way already.
        #expect(partition.bounded(0..<4, askedAt: 1, isFollowed: false).isEmpty)
        var appending = Self.owned()
        appending.sent()
        #expect(appending.bounded(0..<4, askedAt: 1, isFollowed: false).isEmpty)
        var following = JournalPartition()
        #expect(following.bounded(0..<4, askedAt: 0, isFollowed: false).isEmpty)
        #expect(following.bounded(0..<4, askedAt: 0, isFollowed: true) == [.read(from: 0, upTo: 4)])
    }

    @Test func anEndBeforeThePositionCountsWhenItIsSeenTwice() {
        var partition = Self.owned()
        _ = partition.received(Self.own(at: 1))
        #expect(partition.bounded(0..<1, askedAt: 2, isFollowed: true).isEmpty)
        #expect(partition.bounded(0..<2, askedAt: 2, isFollowed: true) == [.reached])
        #expect(partition.bounded(0..<1, askedAt: 2, isFollowed: true).isEmpty)
        #expect(partition.bounded(0..<1, askedAt: 2, isFollowed: true) == [.reset(assignment: 1)])
        #expect(partition.role == .acquiring(assignment: 1))
        #expect(partition.log.position == 0)
        #expect(!partition.isCaughtUp)
    }

    @Test func anAnswerFromBeforeAnAppendIsNoEndThatMovedBack() {
        var partition = Self.owned()
        partition.sent()
        _ = partition.acknowledged(1, Self.own(at: 1))
        for _ in 0..<3 { #expect(partition.bounded(0..<1, askedAt: 1, isFollowed: true) == [.reached]) }
    }

    @Test func anOffsetThatWasGivenBeforeShowsALogThatLostItsEnd() {
        var partition = Self.owned()
        _ = partition.received(Self.own(at: 1))
        partition.sent()
        partition.sent()
        _ = partition.acknowledged(5, Self.own(at: 9))
        let actions = partition.acknowledged(6, Self.own(at: 1, id: "another"))
        #expect(actions == [.judged(6, .late), .judged(5, .late), .reset(assignment: 1)])
    }

    @Test func anotherRecordAtTheAcknowledgedPlaceShowsItToo() {
        var partition = Self.owned()
        partition.sent()
        _ = partition.acknowledged(1, Self.own(at: 2))
        let actions = partition.received(.entry("y", .epoch(1), at: 5))
        #expect(actions == [.judged(1, .late), .reset(assignment: 1)])
    }

    // MARK: - Leaving

    @Test func whatIsUnderWayWhenThePartitionGoesIsStillProven() {
        var partition = Self.owned()
        partition.sent()
        partition.revoked()
        #expect(partition.role == .leaving(Self.writer))
        #expect(!partition.isOwned)
        #expect(partition.acknowledged(1, Self.own(at: 1)) == [.judged(1, .valid)])
        // Until another owner comes.
        #expect(partition.received(.owner("other", epoch: 3, at: 2)).isEmpty)
        #expect(partition.role == .following)
    }

    @Test func whoIsRevokedBeforeItOwnsFollows() {
        var partition = JournalPartition()
        partition.assigned(1)
        partition.revoked()
        #expect(partition.role == .following)
        #expect(partition.role.writer == nil)
    }

    @Test func aProducerThatFailedTakesTheOwnershipWithIt() {
        var partition = Self.owned()
        #expect(partition.producerFailed() == 1)
        #expect(partition.role == .acquiring(assignment: 1))
        #expect(partition.producerFailed() == nil)
        var leaving = Self.owned()
        leaving.revoked()
        #expect(leaving.producerFailed() == nil)
        #expect(leaving.role == .following)
    }

    // MARK: - Reading

    @Test func whatIsReadIsReadOnceAndToTheEndThatIsWanted() {
        var partition = JournalPartition()
        #expect(partition.bounded(0..<4, askedAt: 0, isFollowed: true) == [.read(from: 0, upTo: 4)])
        #expect(partition.bounded(0..<9, askedAt: 0, isFollowed: true) == [.read(from: 0, upTo: 9)])
        #expect(partition.received(.owner("a", epoch: 1, at: 0)).isEmpty)
        // What was told of the first of the two is passed on the way to the second.
        #expect(partition.reached(4).isEmpty)
        #expect(partition.reached(9) == [.reached])
        #expect(partition.bounded(0..<9, askedAt: 9, isFollowed: true) == [.reached])
    }

    @Test func behindARecordThatNeedsANewerVersionNothingIsRead() {
        var partition = Self.owned()
        #expect(partition.stop().isEmpty)
        #expect(!partition.isOwned)
        #expect(partition.received(.entry("x", .epoch(9), at: 1)).isEmpty)
        #expect(partition.bounded(0..<9, askedAt: 1, isFollowed: true).isEmpty)
        #expect(partition.reached(9).isEmpty)
        #expect(partition.log.position == 1)
    }

    @Test func nobodyWaitsForWhatCannotBeRead() {
        var partition = Self.owned()
        for _ in 0..<3 { partition.sent() }
        _ = partition.acknowledged(1, Self.own(at: 5))
        _ = partition.acknowledged(2, Self.own(at: -1, id: "mine"))
        #expect(partition.stop() == [.judged(1, .late), .judged(2, .late)])
        #expect(partition.acknowledged(3, Self.own(at: 7)) == [.judged(3, .late)])
    }
}
