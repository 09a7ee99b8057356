import Foundation
import Synchronization
import Testing

/// The promise that effects happen once, under a world in which everything goes wrong.
///
/// `PGM_SIMULATION_SEED` runs one seed alone, `PGM_SIMULATION_SEEDS` so many.
@Suite(.serialized)
struct SimulationTests {
    static let environment = ProcessInfo.processInfo.environment
    static let seeds = environment["PGM_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 10_000
    static let eventsMin = 200

    /// `PGM_SIMULATION_FAULT` breaks a rule, by its name.
    static func settings(_ seed: UInt64) -> Settings {
        let fault = DeliberateFaultTests.faults.first { $0.name == environment["PGM_SIMULATION_FAULT"] }
        return Settings(seed: seed, fault: fault?.fault ?? NoFault())
    }

    @Test(.timeLimit(.minutes(30)))
    func effectsHappenOnceWhateverHappens() async {
        if let only = Self.environment["PGM_SIMULATION_SEED"].flatMap({ UInt64($0) }) {
            let report = Simulation.run(seed: only, Self.settings(only))
            print(report)
            return #expect(report.violations.isEmpty, "seed \(only): \(report.violations)")
        }
        let started = ContinuousClock.now
        let total = Totals()
        let bad = await Self.search(1...Self.seeds, failuresMax: 20) { seed in
            let report = Simulation.run(seed: seed, Self.settings(seed))
            total.add(report)
            var problems = report.violations
            if report.events < Self.eventsMin { problems.append("only \(report.events) events") }
            if report.crashes == 0 { problems.append("no crash") }
            if report.redeliveries == 0 { problems.append("no redelivery") }
            return problems
        }
        for failure in bad {
            print("seed \(failure.seed): \(failure.problems) (PGM_SIMULATION_SEED=\(failure.seed) runs it alone)")
        }
        let (events, crashes, redeliveries) = total.sums
        print(
            "simulation: \(Self.seeds) seeds, \(events) events, \(crashes) crashes, \(redeliveries) redeliveries, "
                + "\(bad.count) seeds with violations, \(ContinuousClock.now - started)")
        #expect(bad.isEmpty)
    }

    /// Runs seeds on two threads of their own.
    static func search(
        _ seeds: ClosedRange<UInt64>, failuresMax: Int, _ run: @escaping @Sendable (UInt64) -> [String]
    ) async -> [(seed: UInt64, problems: [String])] {
        let shared = Shared(seeds.lowerBound)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        let thread = Thread { @Sendable in
                            while shared.found.withLock({ $0.count }) < failuresMax {
                                let seed = shared.next.withLock { next in
                                    defer { next += 1 }
                                    return next
                                }
                                guard seed <= seeds.upperBound else { break }
                                let problems = run(seed)
                                if !problems.isEmpty { shared.found.withLock { $0.append((seed, problems)) } }
                            }
                            continuation.resume()
                        }
                        thread.stackSize = 8 << 20
                        thread.start()
                    }
                }
            }
        }
        return shared.found.withLock { $0.sorted { $0.seed < $1.seed } }
    }

    /// What the threads of a search share.
    private final class Shared: Sendable {
        let next: Mutex<UInt64>
        let found = Mutex<[(seed: UInt64, problems: [String])]>([])

        init(_ first: UInt64) { next = Mutex(first) }
    }
}

/// Sums over many runs.
private final class Totals: Sendable {
    private let state = Mutex((events: 0, crashes: 0, redeliveries: 0))

    var sums: (events: Int, crashes: Int, redeliveries: Int) { state.withLock { $0 } }

    func add(_ report: Simulation.Report) {
        state.withLock { total in
            total.events += report.events
            total.crashes += report.crashes
            total.redeliveries += report.redeliveries
        }
    }
}
