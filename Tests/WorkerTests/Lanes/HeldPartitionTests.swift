import Shared
import Testing

@testable import Worker

/// What the scheduler does with partitions whose journal is not owned, and with work that is begun again.
struct HeldPartitionTests {
    private static let first = KafkaPartition(topic: "commands", partition: 0)
    private static let second = KafkaPartition(topic: "commands", partition: 1)
    private static let limits = LaneScheduler.Limits(
        inFlightMax: 8, waitingPerLaneMax: 100, bufferedMax: 100, spanMax: 1000)

    private static func message(_ offset: Int64, key: String, _ partition: KafkaPartition = first) -> KafkaMessage {
        KafkaMessage(
            topic: partition.topic, partition: partition.partition, offset: offset, key: Array(key.utf8), value: nil)
    }

    private static func scheduler(areHeld: Bool = true) -> LaneScheduler {
        var scheduler = LaneScheduler(limits: limits)
        scheduler.assigned([first], areHeld: areHeld)
        return scheduler
    }

    @Test func whatIsReadOfAHeldPartitionWaitsUntilItIsOpenedAndKeepsItsOrder() {
        var scheduler = Self.scheduler()
        let batch = [Self.message(0, key: "b"), Self.message(1, key: "a"), Self.message(2, key: "b")]
        #expect(scheduler.received(batch).isEmpty)
        #expect(scheduler.bufferedCount == 3)
        let actions = scheduler.opened(Self.first)
        #expect(actions.started.compactMap(\.offset) == [0, 1])
        #expect(scheduler.opened(Self.first).isEmpty)
        #expect(scheduler.finished(actions.started[0], .done).started.compactMap(\.offset) == [2])
    }

    @Test func aHeldPartitionDoesNotKeepOthersWaiting() {
        var scheduler = Self.scheduler()
        scheduler.assigned([Self.second])
        #expect(scheduler.received([Self.message(0, key: "a")]).isEmpty)
        #expect(scheduler.received([Self.message(0, key: "a", Self.second)]).started.count == 1)
    }

    @Test func aHeldPartitionCommitsNothingThatDidNotRun() {
        var scheduler = Self.scheduler()
        _ = scheduler.received([Self.message(5, key: "a"), Self.message(6, key: "b")])
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 5)])
    }

    @Test func whatRanAndCouldNotGoOnIsTheFirstOfItsLaneWhenThePartitionOpensAgain() {
        var scheduler = Self.scheduler(areHeld: false)
        let work = scheduler.received([Self.message(0, key: "a"), Self.message(1, key: "a")]).started[0]
        scheduler.held(Self.first)
        #expect(scheduler.finished(work, .again).isEmpty)
        #expect(scheduler.runningCount == 0)
        #expect(scheduler.bufferedCount == 2)
        let again = scheduler.opened(Self.first).started
        #expect(again.compactMap(\.offset) == [0])
        #expect(scheduler.finished(again[0], .done).started.compactMap(\.offset) == [1])
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 1)])
    }

    @Test func whatIsBegunAgainStartsAtOnceInAnOpenPartition() {
        var scheduler = Self.scheduler(areHeld: false)
        let work = scheduler.received([Self.message(0, key: "a"), Self.message(1, key: "a")]).started[0]
        #expect(scheduler.finished(work, .again).started.compactMap(\.offset) == [0])
        #expect(scheduler.runningCount == 1)
        #expect(scheduler.bufferedCount == 2)
    }

    @Test func whatIsBegunAgainAfterThePartitionWentIsDropped() {
        var scheduler = Self.scheduler(areHeld: false)
        let work = scheduler.received([Self.message(0, key: "a")]).started[0]
        _ = scheduler.draining([Self.first])
        #expect(scheduler.finished(work, .again).isEmpty)
        #expect(scheduler.bufferedCount == 0)
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 0)])
        // Of an earlier assignment, it does not come back beside its new delivery.
        scheduler.assigned([Self.first])
        #expect(scheduler.received([Self.message(0, key: "a")]).started.count == 1)
    }

    // MARK: - Open entries

    private static let key = JournalKey.payment("a")
    private static let lane = Array("a".utf8)

    @Test func workOnAnEntryRunsInItsLaneBehindWhatWaitsThere() {
        var scheduler = Self.scheduler(areHeld: false)
        let actions = scheduler.received([Self.message(0, key: "a"), Self.message(1, key: "a")])
        #expect(scheduler.due(Self.key, lane: Self.lane, in: Self.first).isEmpty)
        let second = scheduler.finished(actions.started[0], .done).started
        #expect(second.compactMap(\.offset) == [1])
        let due = scheduler.finished(second[0], .done).started
        #expect(due.count == 1)
        #expect(due.first?.offset == nil)
        guard case .due(let key) = due.first?.content else {
            Issue.record("no work on the entry")
            return
        }
        #expect(key == Self.key)
        _ = scheduler.finished(due[0], .done)
        #expect(scheduler.bufferedCount == 0)
        #expect(scheduler.committableOffsets() == [KafkaOffset(partition: Self.first, offset: 2)])
    }

    @Test func workOnAnEntryWaitsOnceUntilItIsDone() {
        var scheduler = Self.scheduler(areHeld: false)
        let due = scheduler.due(Self.key, lane: Self.lane, in: Self.first).started
        #expect(due.count == 1)
        #expect(scheduler.due(Self.key, lane: Self.lane, in: Self.first).isEmpty)
        // Begun again it is still the same work.
        let again = scheduler.finished(due[0], .again).started
        #expect(again.count == 1)
        #expect(scheduler.due(Self.key, lane: Self.lane, in: Self.first).isEmpty)
        #expect(scheduler.finished(again[0], .done).isEmpty)
        #expect(scheduler.due(Self.key, lane: Self.lane, in: Self.first).started.count == 1)
    }

    @Test func aHeldOrForeignPartitionTakesNoWorkOnEntries() {
        var scheduler = Self.scheduler()
        #expect(scheduler.due(Self.key, lane: Self.lane, in: Self.first).isEmpty)
        #expect(scheduler.due(Self.key, lane: Self.lane, in: Self.second).isEmpty)
        #expect(scheduler.bufferedCount == 0)
        #expect(scheduler.opened(Self.first).isEmpty)
    }

    @Test func aCommandThatComesWhileAnEntryIsWorkedOnWaits() {
        var scheduler = Self.scheduler(areHeld: false)
        let due = scheduler.due(Self.key, lane: Self.lane, in: Self.first).started
        #expect(scheduler.received([Self.message(0, key: "a")]).isEmpty)
        #expect(scheduler.finished(due[0], .done).started.compactMap(\.offset) == [0])
    }
}

/// A change of reading, comparable.
enum Flow: Hashable {
    case pause
    case resume
}

extension [LaneScheduler.Action] {
    var started: [LaneScheduler.Work] {
        compactMap { if case .start(let work) = $0 { work } else { nil } }
    }

    var flow: [Flow] {
        compactMap { action in
            switch action {
            case .start: nil
            case .pauseReading: .pause
            case .resumeReading: .resume
            }
        }
    }
}
