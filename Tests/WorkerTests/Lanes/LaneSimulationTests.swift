import Testing

struct LaneSimulationTests {
    @Test(arguments: [UInt64](1...8))
    func whateverHappensLanesStayOrderedBoundedAndCommitted(seed: UInt64) {
        var simulation = LaneSimulation(seed: seed, recordsPerPartition: 700)
        for _ in 0..<3000 { simulation.step() }
        simulation.runToTheEnd()
        #expect(simulation.startedCount > 1500)
        #expect(simulation.againCount > 100)
        #expect(simulation.dueCount > 20)
    }
}
