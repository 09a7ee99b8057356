import Testing

@testable import Worker

/// Rules that are broken on purpose: a simulation that does not find that out proves nothing.
@Suite(.serialized)
struct DeliberateFaultTests {
    static let seedsMax: UInt64 = 500

    @Test(
        .timeLimit(.minutes(10)),
        arguments: [
            ("attempted skipped", DeliberateFaults.attemptedSkipped), ("read-back skipped", .readBackSkipped),
            ("epoch ignored", .epochIgnored), ("deadline before the look-up", .deadlineFirst),
            ("committed early", .committedEarly), ("settled overwritten by a late one", .lateOverwrites),
            ("reconciled without the wait", .waitSkipped), ("capture not journalled", .captureNotJournalled),
        ])
    func isFound(_ name: String, _ fault: DeliberateFaults) async throws {
        let found = await SimulationTests.search(1...Self.seedsMax, failuresMax: 1) { seed in
            Simulation.run(seed: seed, SimulationTests.settings(seed, faults: fault)).violations
        }
        let first = try #require(found.first, "\(name) was not found within \(Self.seedsMax) seeds")
        print("\(name): found by seed \(first.seed): \(first.problems[0].prefix(120))")
    }

    @Test func aSeedIsTheSameRunEveryTime() {
        for seed in [UInt64(5), 6] {
            let first = Simulation.run(seed: seed, SimulationTests.settings(seed))
            let second = Simulation.run(seed: seed, SimulationTests.settings(seed))
            #expect(first.trace == second.trace)
            #expect(first.events == second.events)
        }
    }
}
