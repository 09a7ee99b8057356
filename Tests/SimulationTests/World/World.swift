import Shared

/// A simulated world: one thread, one clock, one source of chance, and everything that happens in an order that the
/// seed decides.
///
/// Sendable: a world and all that lives in it is used by one thread from its beginning to its end.
final class World: @unchecked Sendable {
    /// Something that happens at a time.
    private struct Happening {
        let at: Duration
        let number: UInt64
        let action: () -> Void
    }

    let seed: UInt64
    private(set) var now: Duration = .zero
    /// Steps so far: jobs run and happenings come to pass.
    private(set) var events = 0
    private var generator: SeededGenerator
    private var heap: [Happening] = []
    private var numbers: UInt64 = 0
    private var executors: [WorldExecutor] = []
    /// A hash over the order of all events, to compare two runs of one seed.
    private(set) var trace: UInt64 = 14_695_981_039_346_656_037
    /// Ended by whoever finds that something is wrong.
    private(set) var violations: [String] = []

    /// Unix milliseconds at the beginning.
    static let origin: Int64 = 1_790_000_000_000

    init(seed: UInt64) {
        self.seed = seed
        self.generator = SeededGenerator(seed: seed)
    }

    /// More than any run needs: one that goes beyond stands still while it works.
    static let eventsMax = 400_000

    // MARK: - Chance

    func random() -> UInt64 { generator.next() }

    func chance(_ probability: Double) -> Bool { Double(random() >> 11) / 9_007_199_254_740_992 < probability }

    func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(pick(range)) }

    func commandID() -> CommandID { CommandID.make(atUnixMilliseconds: wall, using: &generator) }

    /// The true time of day, Unix milliseconds.
    var wall: Int64 {
        let (seconds, attoseconds) = now.components
        return Self.origin + seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    // MARK: - Events

    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        numbers += 1
        let happening = Happening(at: now + max(.zero, delay), number: numbers, action: action)
        heap.append(happening)
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].number) < (heap[right].at, heap[right].number)
    }

    private func popEarliest() -> Happening? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Lets time pass in which nothing happens: whatever is to come comes so much later.
    func skip(_ time: Duration) {
        now += time
        heap = heap.map { Happening(at: $0.at + time, number: $0.number, action: $0.action) }
    }

    func makeExecutor() -> WorldExecutor {
        let executor = WorldExecutor()
        executors.append(executor)
        return executor
    }

    /// Runs until a condition holds or the time is over.
    /// - Returns: whether the condition holds.
    func run(until limit: Duration, _ isOver: () -> Bool) -> Bool {
        var checks = 0
        while now < limit, events < Self.eventsMax {
            runJobs()
            checks += 1
            if checks % 16 == 0, isOver() { return true }
            guard let next = popEarliest() else { return isOver() }
            now = max(now, next.at)
            note(next.number)
            next.action()
        }
        return isOver()
    }

    /// Runs jobs until none is left that may run; whose turn it is, chance decides.
    private func runJobs() {
        while events < Self.eventsMax {
            let ready = executors.indices.filter { executors[$0].isReady }
            guard !ready.isEmpty else { return }
            let chosen = ready[ready.count == 1 ? 0 : pick(0...(ready.count - 1))]
            note(UInt64(chosen) &+ 1_000_000)
            executors[chosen].runOne(random())
        }
    }

    private func note(_ value: UInt64) {
        events += 1
        trace = (trace ^ value) &* 1_099_511_628_211
    }

    /// Forgets executors of processes that have ended.
    func dropExecutor(_ executor: WorldExecutor) {
        executors.removeAll { $0 === executor }
    }

    func violate(_ text: String) {
        violations.append(text)
    }
}
