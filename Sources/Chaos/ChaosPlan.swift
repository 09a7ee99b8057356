/// One step of a plan, with everything that chance decides about it.
struct ChaosStep: Sendable {
    /// From 1.
    var number: Int
    var trouble: Trouble
    /// Which worker or ingress.
    var slot: Int
    /// Undisturbed load before it.
    var pauseMilliseconds: Int
    /// How long a worker or the broker is frozen.
    var freezeMilliseconds: Int
    /// Which passage of its place kills a worker.
    var passage: Int
    /// What the provider is told to do wrong.
    var faults: [ProviderFault]
}

/// What a run does, decided by a seed alone.
///
/// About half of the kills are placed ones, of every place equally many; the others go through all other troubles in
/// turn, so that twenty kills bring each of them.
/// Its last step is the last kill that was asked for: broker outages and provider faults come on top.
struct ChaosPlan: Sendable {
    let steps: [ChaosStep]

    /// Other troubles beside one placed kill of every place.
    private static let othersInBlock = 6

    init(seed: UInt64, kills: Int, hasOwnBroker: Bool) {
        var random = SeededGenerator(seed: seed)
        var others: [Trouble] = []
        var troubles: [Trouble] = []
        while troubles.count(where: \.isKill) < kills {
            var block = CrashPlace.allCases.map { Trouble.placedKill($0) }
            for _ in 0..<Self.othersInBlock {
                if others.isEmpty { others = Trouble.unplaced(hasOwnBroker: hasOwnBroker).shuffled(using: &random) }
                block.append(others.removeLast())
            }
            troubles += block.shuffled(using: &random)
        }
        var left = kills
        steps = troubles.prefix { trouble in
            defer { left -= trouble.isKill ? 1 : 0 }
            return left > 0
        }.enumerated().map { Self.step(number: $0 + 1, $1, &random) }
    }

    private static func step(number: Int, _ trouble: Trouble, _ random: inout SeededGenerator) -> ChaosStep {
        let isBroker = trouble == .brokerOutage
        // A process sleeps past its session's end, so that a worker wakes without its partitions and not knowing it;
        // the embedded broker less, as it forgets every member that was silent while it slept itself.
        let freeze = Int.random(in: isBroker ? 2_000...4_500 : 7_500...10_000, using: &random)
        let passage = Int.random(in: trouble == .placedKill(.rebalance) ? 1...2 : 1...15, using: &random)
        return ChaosStep(
            number: number, trouble: trouble, slot: Int.random(in: 0...1, using: &random),
            pauseMilliseconds: Int.random(in: 200...2_000, using: &random), freezeMilliseconds: freeze,
            passage: passage, faults: faults(of: trouble, &random))
    }

    private static func faults(of trouble: Trouble, _ random: inout SeededGenerator) -> [ProviderFault] {
        let isAfter = trouble == .faultsAfterEffect
        guard isAfter || trouble == .faultsBeforeEffect else { return [] }
        return (0..<Int.random(in: 2...4, using: &random)).map { _ in
            let operation = ["create", "create", "refund", "*"].randomElement(using: &random) ?? "*"
            let kind = [isAfter ? "cutAfter" : "cutBefore", "hang", "status"].randomElement(using: &random) ?? "status"
            return ProviderFault(
                operation: operation, kind: kind, afterEffect: isAfter, count: Int.random(in: 1...4, using: &random))
        }
    }
}
