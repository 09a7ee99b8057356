import ArgumentParser
import Testing

@testable import Chaos

/// What a seed decides about a run of the crash harness.
@Suite struct ChaosPlanTests {
    private static let options = [
        ChaosPlan.Options(hasOwnBroker: true),
        ChaosPlan.Options(hasOwnBroker: false, canRestartBroker: true),
        ChaosPlan.Options(hasOwnBroker: false, hasMerchantOutages: false, emptyDisks: 0),
    ]

    @Test(arguments: [(20, 2), (500, 20)], ChaosPlanTests.options)
    func everyPlaceGetsItsShareAndTheSeedDecides(size: (kills: Int, least: Int), options: ChaosPlan.Options) {
        for seed in UInt64(1)...20 {
            let plan = ChaosPlan(seed: seed, kills: size.kills, options: options)
            let again = ChaosPlan(seed: seed, kills: size.kills, options: options)
            #expect(plan.steps.map { "\($0)" } == again.steps.map { "\($0)" })
            #expect(plan.steps.count { $0.trouble.isKill } == size.kills)
            #expect(plan.steps.last?.trouble.isKill == true)
            #expect(plan.steps.map(\.number) == Array(1...plan.steps.count))
            for place in CrashPlace.allCases {
                #expect(plan.steps.count { $0.trouble == .placedKill(place) } >= size.least)
            }
            for trouble in Trouble.unplaced(options) { #expect(plan.steps.contains { $0.trouble == trouble }) }
        }
    }

    @Test func whatIsNotThereToBeTroubledIsNot() {
        let plan = ChaosPlan(seed: 3, kills: 60, options: Self.options[2])
        #expect(!plan.steps.contains { [.brokerOutage, .brokerRestart, .merchantOutage].contains($0.trouble) })
        #expect(plan.steps.filter(\.emptiesDisk).isEmpty)
    }

    @Test func onlyKilledWorkersLoseTheirDisksAndAShareOfThem() {
        let plan = ChaosPlan(seed: 5, kills: 1_000, options: Self.options[0])
        let killed = plan.steps.filter(\.trouble.killsWorkers)
        let emptied = plan.steps.filter(\.emptiesDisk)
        #expect(emptied.filter { !$0.trouble.killsWorkers }.isEmpty)
        #expect((0.2...0.4).contains(Double(emptied.count) / Double(killed.count)))
    }

    @Test func bothWaysOfRecoveryGetHalfOfTheKillsAndEveryStepOnce() {
        let plan = ChaosPlan(seed: 20, kills: 20, options: Self.options[0])
        let phases = Phase.phases(of: plan.steps, ways: RecoveryChoice.both.ways)
        #expect(phases.map(\.recovery) == [.key, .lookUp])
        #expect(phases.flatMap(\.steps).map(\.number) == plan.steps.map(\.number))
        #expect(phases.map { $0.steps.count { $0.trouble.isKill } } == [10, 10])
        #expect(Phase.phases(of: plan.steps, ways: [.lookUp]).map(\.steps.count) == [plan.steps.count])
    }

    @Test func slowAnswersOutliveDrainsAndSomeOutliveTheirCallers() throws {
        let options = try TroubleOptions.parse([])
        #expect(options.providerTimeoutSeconds == 12)
        #expect(options.requestTimeoutSeconds == 14)
        #expect(options.slowFaults(.key).map(\.afterEffect) == [false, true])
        #expect(options.slowFaults(.lookUp).map(\.afterEffect) == [true])
        #expect(options.slowFaults(.key).allSatisfy { $0.count == nil && $0.millisecondsMax == 15_000 })
        let quick = try TroubleOptions.parse(["--slow-answers", "0"])
        #expect(quick.slowFaults(.key).isEmpty)
        #expect(quick.longestUntouched == .seconds(10))
        #expect(throws: (any Error).self) { try TroubleOptions.parse(["--broker-stop", "true"]) }
        #expect(throws: (any Error).self) { try TroubleOptions.parse(["--slow-least", "9", "--slow-most", "8"]) }
    }
}
