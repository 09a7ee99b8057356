import Testing

@testable import Worker

struct OffsetTrackerTests {
    @Test func nothingIsCommittableBeforeAnythingWasRead() {
        let tracker = OffsetTracker()
        #expect(tracker.committable == nil)
        #expect(tracker.span == 0)
    }

    @Test func committableStaysAtTheLowestUnfinishedOffsetWhateverIsFinishedAboveIt() {
        var tracker = OffsetTracker()
        for offset in [Int64(10), 11, 12] { #expect(tracker.read(offset) == true) }
        tracker.finish(12)
        tracker.finish(11)
        #expect(tracker.committable == 10)
        #expect(tracker.span == 3)
        tracker.finish(10)
        #expect(tracker.committable == 13)
        #expect(tracker.span == 0)
    }

    @Test func gapsInOffsetsAreNoObstacle() {
        var tracker = OffsetTracker()
        for offset in [Int64(5), 9, 70] { #expect(tracker.read(offset) == true) }
        tracker.finish(5)
        #expect(tracker.committable == 9)
        tracker.finish(70)
        #expect(tracker.committable == 9)
        tracker.finish(9)
        #expect(tracker.committable == 71)
    }

    @Test func anOffsetReadBeforeIsNotTakenAgainEvenWhenItIsFinished() {
        var tracker = OffsetTracker()
        #expect(tracker.read(7) == true)
        #expect(tracker.read(7) == false)
        tracker.finish(7)
        #expect(tracker.read(7) == false)
        #expect(tracker.read(3) == false)
        #expect(tracker.read(8) == true)
        #expect(tracker.committable == 8)
    }

    @Test func finishingTwiceOrWhatWasNeverReadChangesNothing() {
        var tracker = OffsetTracker()
        tracker.finish(1)
        #expect(tracker.read(2) == true)
        #expect(tracker.read(3) == true)
        tracker.finish(1)
        tracker.finish(99)
        #expect(tracker.committable == 2)
        tracker.finish(2)
        tracker.finish(2)
        #expect(tracker.committable == 3)
    }

    @Test func theGreatestOffsetDoesNotOverflow() {
        var tracker = OffsetTracker()
        #expect(tracker.read(.max) == true)
        tracker.finish(.max)
        #expect(tracker.committable == .max)
    }

    @Test func manyOffsetsFinishedInRandomOrderCommitExactlyTheFinishedPrefix() {
        var generator = SeededGenerator(seed: 4)
        var tracker = OffsetTracker()
        let offsets = (0..<5000).map { Int64($0 * 3) }
        for offset in offsets { #expect(tracker.read(offset) == true) }
        var finished: Set<Int64> = []
        var lowest = 0
        for offset in offsets.shuffled(using: &generator) {
            tracker.finish(offset)
            finished.insert(offset)
            while lowest < offsets.count, finished.contains(offsets[lowest]) { lowest += 1 }
            #expect(tracker.committable == (lowest < offsets.count ? offsets[lowest] : 14_998))
        }
    }
}
