import Shared
import Testing

@testable import Worker

struct LaneSchedulerTests {
    private static let first = KafkaPartition(topic: "commands", partition: 0)
    private static let second = KafkaPartition(topic: "commands", partition: 1)

    private static func message(
        _ offset: Int64, key: String?, _ partition: KafkaPartition = first
    ) -> KafkaMessage {
        KafkaMessage(
            topic: partition.topic, partition: partition.partition, offset: offset, key: key.map { Array($0.utf8) },
            value: nil)
    }

    private static func scheduler(
        inFlight: Int = 8, waiting: Int = 100, buffered: Int = 100, span: Int64 = 1000,
        assigned: [KafkaPartition] = [first]
    ) -> LaneScheduler {
        var scheduler = LaneScheduler(
            limits: .init(inFlightMax: inFlight, waitingPerLaneMax: waiting, bufferedMax: buffered, spanMax: span))
        scheduler.assigned(assigned)
        return scheduler
    }

    @Test func recordsOfOneLaneRunOneAfterTheOtherInOrder() throws {
        var scheduler = Self.scheduler()
        var actions = scheduler.received((0..<4).map { Self.message($0, key: "a") })
        var order: [Int64?] = []
        while let work = actions.started.first {
            #expect(actions.started.count == 1)
            #expect(scheduler.runningCount == 1)
            order.append(work.offset)
            actions = scheduler.finished(work, .done)
        }
        #expect(order == [0, 1, 2, 3])
        #expect(scheduler.bufferedCount == 0)
    }

    @Test func lanesRunSideBySideUpToTheBound() {
        var scheduler = Self.scheduler(inFlight: 3)
        let actions = scheduler.received((0..<5).map { Self.message($0, key: "lane-\($0)") })
        #expect(actions.started.compactMap(\.offset) == [0, 1, 2])
        let more = scheduler.finished(actions.started[1], .done)
        #expect(more.started.compactMap(\.offset) == [3])
    }

    @Test func recordsWithoutKeyDoNotWaitForEachOther() {
        var scheduler = Self.scheduler()
        #expect(scheduler.received((0..<3).map { Self.message($0, key: nil) }).started.count == 3)
    }

    @Test func anEmptyKeyIsALaneLikeAnyOther() {
        var scheduler = Self.scheduler()
        #expect(scheduler.received((0..<3).map { Self.message($0, key: "") }).started.count == 1)
    }

    @Test func theSameKeyInTwoPartitionsIsTwoLanes() {
        var scheduler = Self.scheduler(assigned: [Self.first, Self.second])
        let actions = scheduler.received([
            Self.message(0, key: "a", Self.first), Self.message(0, key: "a", Self.second),
        ])
        #expect(actions.started.count == 2)
    }

    @Test func recordsOfPartitionsThatAreNotAssignedAreDropped() {
        var scheduler = Self.scheduler()
        #expect(scheduler.received([Self.message(0, key: "a", Self.second)]).isEmpty)
        #expect(scheduler.bufferedCount == 0)
    }

    @Test func aRecordDeliveredTwiceRunsOnce() {
        var scheduler = Self.scheduler()
        let actions = scheduler.received([Self.message(0, key: "a"), Self.message(0, key: "a")])
        #expect(actions.started.count == 1)
        #expect(scheduler.finished(actions.started[0], .done).started.isEmpty)
    }

    @Test func readingPausesAtTheBufferBoundAndResumesAtHalf() {
        var scheduler = Self.scheduler(inFlight: 10, buffered: 4)
        let actions = scheduler.received((0..<4).map { Self.message($0, key: "lane-\($0)") })
        #expect(actions.flow == [.pause])
        #expect(scheduler.finished(actions.started[0], .done).flow.isEmpty)
        #expect(scheduler.finished(actions.started[1], .done).flow == [.resume])
        #expect(scheduler.finished(actions.started[2], .done).flow.isEmpty)
    }

    @Test func oneLongLanePausesReadingUntilHalfOfItIsGone() {
        var scheduler = Self.scheduler(waiting: 4)
        var actions = scheduler.received((0..<5).map { Self.message($0, key: "a") })
        #expect(actions.flow == [.pause])
        var flows: [[Flow]] = []
        while let work = actions.started.first {
            actions = scheduler.finished(work, .done)
            flows.append(actions.flow)
        }
        #expect(flows == [[], [.resume], [], [], []])
    }

    @Test func oneSlowRecordPausesReadingWhenItsPartitionRunsFarAhead() {
        var scheduler = Self.scheduler(span: 4)
        let actions = scheduler.received((0..<4).map { Self.message($0, key: "lane-\($0)") })
        #expect(actions.flow == [.pause])
        for work in actions.started.dropFirst() {
            #expect(scheduler.finished(work, .done).flow.isEmpty)
        }
        #expect(scheduler.finished(actions.started[0], .done).flow == [.resume])
    }

    @Test func anOffsetGivenUpIsNeverCommitted() {
        var scheduler = Self.scheduler()
        let actions = scheduler.received((0..<3).map { Self.message($0, key: "lane-\($0)") })
        _ = scheduler.finished(actions.started[0], .done)
        _ = scheduler.finished(actions.started[1], .left)
        _ = scheduler.finished(actions.started[2], .done)
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 1)])
    }

    @Test func whileDrainingNothingStartsAndWhatRunsStillCountsForTheCommit() {
        var scheduler = Self.scheduler()
        let running = scheduler.received([Self.message(0, key: "a"), Self.message(1, key: "a")]).started
        #expect(scheduler.draining([Self.first]).isEmpty)
        #expect(scheduler.running(in: [Self.first]) == 1)
        #expect(scheduler.received([Self.message(2, key: "b")]).isEmpty)
        #expect(scheduler.finished(running[0], .done).started.isEmpty)
        #expect(scheduler.running(in: [Self.first]) == 0)
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 1)])
    }

    @Test func aRecordThatStillRunsFromAnEarlierAssignmentKeepsItsLaneBusyAndCommitsNothing() {
        var scheduler = Self.scheduler()
        let old = scheduler.received([Self.message(0, key: "a")]).started
        _ = scheduler.draining([Self.first])
        scheduler.assigned([Self.first])
        #expect(scheduler.received([Self.message(0, key: "a")]).started.isEmpty)
        let again = scheduler.finished(old[0], .done).started
        #expect(again.compactMap(\.offset) == [0])
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 0)])
        _ = scheduler.finished(again[0], .done)
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 1)])
    }

    @Test func aStoppedPartitionStartsNothingMoreAndKeepsItsOffset() {
        var scheduler = Self.scheduler(inFlight: 1)
        let actions = scheduler.received((0..<3).map { Self.message($0, key: "lane-\($0)") })
        #expect(!scheduler.hasStoppedPartition)
        #expect(scheduler.stopped(Self.first).isEmpty)
        #expect(scheduler.hasStoppedPartition)
        #expect(scheduler.finished(actions.started[0], .left).isEmpty)
        #expect(scheduler.received([Self.message(3, key: "c")]).isEmpty)
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 0)])
        #expect(scheduler.bufferedCount == 0)
    }

    @Test func aStoppedPartitionDoesNotKeepTheOthersFromBeingRead() {
        var scheduler = Self.scheduler(span: 4, assigned: [Self.first, Self.second])
        let actions = scheduler.received((0..<4).map { Self.message($0, key: "a") })
        #expect(actions.flow == [.pause])
        let flow = scheduler.stopped(Self.first).flow + scheduler.finished(actions.started[0], .left).flow
        #expect(flow == [.resume])
        #expect(scheduler.received([Self.message(0, key: "a", Self.second)]).started.count == 1)
    }
}
