import Shared
import Testing

@testable import Worker

/// Drives a scheduler with random events beside a plain model of it, and checks after each event what must always hold.
struct LaneSimulation {
    private struct Assigned {
        var start: Int64
        var position: Int
        var done: Set<Int64> = []
        var lastCommittable: Int64?
        var isDraining = false
        var isStopped = false
        var isHeld: Bool
        /// Entries of the journal for which work waits or runs.
        var due: Set<Int> = []
    }

    /// What waits in a lane: a record's offset, or the number of an entry of the journal.
    private enum Item: Hashable {
        case record(Int64)
        case due(Int)

        init(_ work: LaneWork) {
            switch work {
            case .record(let message): self = .record(message.offset)
            case .due(let key): self = .due(Int(key.text.dropFirst(2)) ?? 0)
            }
        }
    }

    static let limits = LaneScheduler.Limits(inFlightMax: 8, waitingPerLaneMax: 5, bufferedMax: 32, spanMax: 60)

    private let logs: [KafkaPartition: [KafkaMessage]]
    private var generator: SeededGenerator
    private var scheduler = LaneScheduler(limits: limits)
    private var assigned: [KafkaPartition: Assigned] = [:]
    private var waiting: [LaneScheduler.LaneKey: [Item]] = [:]
    private var running: [LaneScheduler.Work] = []
    private var committed: [KafkaPartition: Int64] = [:]
    private var stoppedForGood: Set<KafkaPartition> = []
    private var isPaused = false

    /// Records and entries that were started, all assignments together.
    private(set) var startedCount = 0
    /// How often work was put back at the head of its lane, and how much of it was of the journal.
    private(set) var (againCount, dueCount) = (0, 0)

    init(seed: UInt64, recordsPerPartition: Int) {
        var generator = SeededGenerator(seed: seed)
        var logs: [KafkaPartition: [KafkaMessage]] = [:]
        for number in Int32(0)..<4 {
            var offset = Int64.random(in: 0..<100, using: &generator)
            logs[KafkaPartition(topic: "commands", partition: number)] = (0..<recordsPerPartition).map { _ in
                // Gaps are where transaction markers stood.
                offset += Int64.random(in: 0..<10, using: &generator) == 0 ? 3 : 1
                let lane = Int.random(in: 0..<12, using: &generator)
                return KafkaMessage(
                    topic: "commands", partition: number, offset: offset,
                    key: lane == 0 ? nil : [UInt8(truncatingIfNeeded: lane)], value: nil)
            }
        }
        self.logs = logs
        self.generator = generator
    }

    /// One random event.
    mutating func step() {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<40: deliver()
        case 40..<85: finishOne()
        case 85..<90: becomeDue()
        case 90..<92: holdOne()
        case 92..<96: openOne()
        case 96..<98: revokeSome()
        case 98: assignAll()
        default: stopSometimes()
        }
        check()
    }

    /// Delivers and finishes until nothing is left to do, then tells what remained undone.
    mutating func runToTheEnd() {
        assignAll()
        while let held = assigned.filter({ $0.value.isHeld }).keys.sorted().first { open(held) }
        check()
        var rounds = 0
        while hasMore || !running.isEmpty {
            rounds += 1
            guard rounds < 100_000 else {
                Issue.record("records are left and nothing moves")
                return
            }
            deliver()
            finishOne()
            check()
        }
        #expect(scheduler.bufferedCount == 0)
        #expect(!isPaused)
        for offset in scheduler.committableOffsets() where assigned[offset.partition]?.isStopped == false {
            #expect(offset.offset == (logs[offset.partition]?.last?.offset ?? 0) + 1)
        }
    }

    private var hasMore: Bool {
        assigned.contains { partition, state in
            !state.isStopped && !state.isDraining && state.position < (logs[partition]?.count ?? 0)
        }
    }

    private mutating func deliver() {
        guard !isPaused else { return }
        let open = assigned.filter { !$0.value.isDraining && !$0.value.isStopped }.keys.sorted()
        guard let partition = open.randomElement(using: &generator), let log = logs[partition],
            let position = assigned[partition]?.position, position < log.count
        else { return }
        let end = min(log.count, position + Int.random(in: 1...12, using: &generator))
        assigned[partition]?.position = end
        for message in log[position..<end] {
            waiting[Self.lane(of: message), default: []].append(.record(message.offset))
        }
        perform(scheduler.received(Array(log[position..<end])))
    }

    private mutating func finishOne() {
        guard let index = running.indices.randomElement(using: &generator) else { return }
        let work = running.remove(at: index)
        let ending: LaneScheduler.Ending = Int.random(in: 0..<8, using: &generator) == 0 ? .again : .done
        // What belongs to no assignment any more is done in vain: it is delivered again.
        if let state = assigned[work.partition], currentAssignments[work.partition] == work.assignment {
            if ending == .again, !state.isDraining, !state.isStopped {
                waiting[work.lane, default: []].insert(Item(work.content), at: 0)
                againCount += 1
            } else {
                conclude(work, ending)
            }
        }
        perform(scheduler.finished(work, ending))
    }

    private mutating func conclude(_ work: LaneScheduler.Work, _ ending: LaneScheduler.Ending) {
        switch Item(work.content) {
        case .record(let offset):
            if ending == .done { assigned[work.partition]?.done.insert(offset) }
        case .due(let number): assigned[work.partition]?.due.remove(number)
        }
    }

    private mutating func becomeDue() {
        guard let partition = assigned.keys.sorted().randomElement(using: &generator), let state = assigned[partition]
        else { return }
        let number = Int.random(in: 1...6, using: &generator)
        let lane = LaneScheduler.LaneKey(partition: partition, key: [UInt8(number)], offset: nil)
        if !state.isDraining, !state.isStopped, !state.isHeld, assigned[partition]?.due.insert(number).inserted == true
        {
            waiting[lane, default: []].append(.due(number))
            dueCount += 1
        }
        perform(scheduler.due(.payment("\(number)"), lane: lane.key, in: partition))
    }

    private mutating func holdOne() {
        guard let partition = assigned.keys.sorted().randomElement(using: &generator) else { return }
        assigned[partition]?.isHeld = true
        scheduler.held(partition)
    }

    private mutating func openOne() {
        let held = assigned.filter { $0.value.isHeld }.keys.sorted()
        if let partition = held.randomElement(using: &generator) { open(partition) }
    }

    private mutating func open(_ partition: KafkaPartition) {
        assigned[partition]?.isHeld = false
        perform(scheduler.opened(partition))
    }

    private mutating func revokeSome() {
        let given = assigned.filter { !$0.value.isDraining }.keys.sorted()
            .filter { _ in Bool.random(using: &generator) }
        for partition in given {
            assigned[partition]?.isDraining = true
            dropWaiting(of: partition)
        }
        perform(scheduler.draining(given))
    }

    private mutating func assignAll() {
        for offset in scheduler.committableOffsets() { committed[offset.partition] = offset.offset }
        let taken = logs.keys.sorted().filter { assigned[$0]?.isDraining ?? true && !stoppedForGood.contains($0) }
        let areHeld = Bool.random(using: &generator)
        for partition in taken {
            let log = logs[partition] ?? []
            let start = committed[partition] ?? log.first?.offset ?? 0
            assigned[partition] = Assigned(
                start: start, position: log.firstIndex { $0.offset >= start } ?? log.count, isHeld: areHeld)
            currentAssignments[partition] = nil
        }
        for (partition, state) in assigned where state.isDraining { assigned[partition] = nil }
        scheduler.assigned(taken, areHeld: areHeld)
    }

    private mutating func stopSometimes() {
        // One partition is enough to see that the others go on.
        guard stoppedForGood.isEmpty, startedCount > 500 else { return }
        guard let index = running.firstIndex(where: { assigned[$0.partition]?.isDraining == false }) else { return }
        let work = running.remove(at: index)
        stoppedForGood.insert(work.partition)
        assigned[work.partition]?.isStopped = true
        dropWaiting(of: work.partition)
        perform(scheduler.stopped(work.partition))
        perform(scheduler.finished(work, .left))
    }

    private mutating func dropWaiting(of partition: KafkaPartition) {
        waiting = waiting.filter { $0.key.partition != partition }
    }

    private var currentAssignments: [KafkaPartition: UInt64] = [:]

    private mutating func perform(_ actions: [LaneScheduler.Action]) {
        for action in actions {
            switch action {
            case .start(let work): start(work)
            case .pauseReading:
                #expect(!isPaused, "paused twice")
                isPaused = true
            case .resumeReading:
                #expect(isPaused, "resumed without a pause")
                isPaused = false
            }
        }
    }

    private mutating func start(_ work: LaneScheduler.Work) {
        startedCount += 1
        let state = assigned[work.partition]
        #expect(state != nil && state?.isDraining == false && state?.isStopped == false, "started what is not ours")
        #expect(state?.isHeld == false, "started what is held")
        #expect(!running.contains { $0.lane == work.lane }, "two of one lane at once")
        #expect(waiting[work.lane]?.first == Item(work.content), "not the next one of its lane")
        waiting[work.lane]?.removeFirst()
        currentAssignments[work.partition] = work.assignment
        running.append(work)
    }

    private mutating func check() {
        #expect(running.count <= Self.limits.inFlightMax)
        #expect(scheduler.runningCount == running.count)
        let buffered = running.count + waiting.values.reduce(0) { $0 + $1.count }
        #expect(scheduler.bufferedCount == buffered)
        if buffered >= Self.limits.bufferedMax { #expect(isPaused, "reads on beyond the bound") }
        if running.isEmpty {
            let held = waiting.filter { assigned[$0.key.partition]?.isHeld == true }.reduce(0) { $0 + $1.value.count }
            #expect(buffered == held, "something waits although nothing runs")
            #expect(!isPaused || held > 0, "reading is paused although nothing runs that could end the pause")
        }
        for offset in scheduler.committableOffsets() { checkCommittable(offset) }
    }

    private mutating func checkCommittable(_ offset: KafkaOffset) {
        guard let state = assigned[offset.partition] else {
            Issue.record("commits a partition that is not assigned")
            return
        }
        if offset.offset == state.lastCommittable { return }
        let passed = (logs[offset.partition] ?? []).lazy.map(\.offset).filter {
            $0 >= state.start && $0 < offset.offset
        }
        #expect(passed.allSatisfy { state.done.contains($0) }, "commits past an unfinished record")
        #expect(offset.offset >= state.lastCommittable ?? 0, "goes back within an assignment")
        assigned[offset.partition]?.lastCommittable = offset.offset
    }

    private static func lane(of message: KafkaMessage) -> LaneScheduler.LaneKey {
        LaneScheduler.LaneKey(
            partition: message.topicPartition, key: message.key ?? [],
            offset: message.key == nil ? message.offset : nil)
    }
}
