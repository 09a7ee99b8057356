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
    /// How the merchant's endpoint fails.
    var merchantFault: MerchantFault
    /// Whether killed workers lose their disks.
    var emptiesDisk: Bool
}

/// What a run does, decided by a seed alone.
///
/// About half of the kills are placed ones, of every place equally many; the others go through all other troubles in
/// turn, so that twenty kills bring each of them.
/// Its last step is the last kill that was asked for: outages, restarts of brokers and faults come on top.
struct ChaosPlan: Sendable {
    /// What it may bring.
    struct Options: Sendable {
        var hasOwnBroker: Bool
        var canRestartBroker = false
        var hasMerchantOutages = true
        /// Share of killed workers that lose their disks.
        var emptyDisks = 0.3
        /// How long a call hangs.
        var hangMilliseconds = 7_000
    }

    let steps: [ChaosStep]

    init(seed: UInt64, kills: Int, options: Options) {
        var random = SeededGenerator(seed: seed)
        var troubles: [Trouble] = []
        while troubles.count(where: \.isKill) < kills {
            // Two blocks have every other trouble once; each of them has one placed kill of every place.
            let others = Trouble.unplaced(options)
            let (calls, signals) = (others.filter { !$0.isKill }, others.filter(\.isKill))
            let halves = Self.halves(signals.shuffled(using: &random), calls.shuffled(using: &random))
            for half in halves {
                troubles += (CrashPlace.allCases.map { Trouble.placedKill($0) } + half).shuffled(using: &random)
            }
        }
        steps = Self.cut(troubles, kills: kills).enumerated().map { index, trouble in
            Self.step(number: index + 1, trouble, options, &random)
        }
    }

    /// Deals out two lists, each of them evenly.
    private static func halves(_ signals: [Trouble], _ calls: [Trouble]) -> [[Trouble]] {
        [0, 1].map { half in
            (signals + calls).enumerated().filter { $0.offset % 2 == half }.map(\.element)
        }
    }

    /// So many kills and what comes between them; what would come right behind the last one comes before it.
    private static func cut(_ troubles: [Trouble], kills: Int) -> [Trouble] {
        var left = kills
        var result: [Trouble] = []
        var last: Trouble?
        for trouble in troubles {
            if trouble.isKill {
                guard left > 0 else { break }
                left -= 1
                if left == 0 {
                    last = trouble
                    continue
                }
            }
            result.append(trouble)
        }
        return result + (last.map { [$0] } ?? [])
    }

    private static func step(
        number: Int, _ trouble: Trouble, _ options: Options, _ random: inout SeededGenerator
    ) -> ChaosStep {
        let sleeps = trouble.isKill
        // A process sleeps past its session's end, so that a worker wakes without its partitions and not knowing it;
        // the embedded broker less, as it forgets every member that was silent while it slept itself.
        let freeze = Int.random(in: sleeps ? 7_500...10_000 : 2_000...4_500, using: &random)
        let passage = Int.random(in: trouble == .placedKill(.rebalance) ? 1...2 : 1...15, using: &random)
        return ChaosStep(
            number: number, trouble: trouble, slot: Int.random(in: 0...1, using: &random),
            pauseMilliseconds: Int.random(in: 200...2_000, using: &random), freezeMilliseconds: freeze,
            passage: passage, faults: faults(of: trouble, options, &random),
            merchantFault: MerchantFault(
                kind: MerchantFault.kinds.randomElement(using: &random) ?? "status",
                afterEffect: random.isChosen(0.25)),
            emptiesDisk: random.isChosen(options.emptyDisks) && trouble.killsWorkers)
    }

    private static func faults(
        of trouble: Trouble, _ options: Options, _ random: inout SeededGenerator
    ) -> [ProviderFault] {
        let isAfter = trouble == .faultsAfterEffect
        guard isAfter || trouble == .faultsBeforeEffect else { return [] }
        return (0..<Int.random(in: 2...4, using: &random)).map { _ in
            let operation = ["create", "create", "refund", "*"].randomElement(using: &random) ?? "*"
            let kind = [isAfter ? "cutAfter" : "cutBefore", "hang", "status"].randomElement(using: &random) ?? "status"
            return ProviderFault(
                operation: operation, kind: kind, afterEffect: isAfter, count: Int.random(in: 1...4, using: &random),
                milliseconds: options.hangMilliseconds)
        }
    }
}
