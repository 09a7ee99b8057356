import Testing

/// Rules that are broken on purpose: a simulation that does not find that out proves nothing.
@Suite(.serialized)
struct DeliberateFaultTests {
    static let seedsMax: UInt64 = 500

    static let faults: [(name: String, fault: any DeliberateFault)] = [
        ("attempted skipped", AttemptedSkipped()), ("proof not awaited", ProofNotAwaited()),
        ("epoch ignored", EpochIgnored()), ("deadline before the look-up", DeadlineFirst()),
        ("committed early", CommittedEarly()), ("late overwrites", LateOverwrites()),
        ("reconciled without the wait", WaitSkipped()),
        ("capture not journalled", AttemptedSkipped(ofCaptures: true)), ("key without epoch", KeyWithoutEpoch()),
        ("gap not noticed", GapNotNoticed()),
        ("offset taken from a repeated acknowledgement", RepeatedAcknowledgementTrusted()),
        ("writer's generation ignored", GenerationIgnored()),
        ("answer of a lower epoch ignored", LateAnswerIgnored()),
    ]

    @Test(.timeLimit(.minutes(10)), arguments: faults.map(\.name))
    func isFound(_ name: String) async throws {
        let fault = try #require(Self.faults.first { $0.name == name }).fault
        let found = await SimulationTests.search(1...Self.seedsMax, failuresMax: 1) { seed in
            Simulation.run(seed: seed, Settings(seed: seed, fault: fault)).violations
        }
        let first = try #require(found.first, "\(name) was not found within \(Self.seedsMax) seeds")
        print("\(name): found by seed \(first.seed): \(first.problems[0].prefix(120))")
    }

    @Test func aSeedIsTheSameRunEveryTime() {
        for seed in [UInt64(5), 6, 7] {
            let first = Simulation.run(seed: seed, Settings(seed: seed))
            let second = Simulation.run(seed: seed, Settings(seed: seed))
            #expect(first.trace == second.trace)
            #expect(first.events == second.events)
        }
    }
}
