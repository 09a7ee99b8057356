import ArgumentParser

/// How the product clears up a call whose answer was lost; also the value of its setting.
enum Recovery: String, Sendable {
    /// By repeating it under its key.
    case key
    /// By asking, as of a provider that knows no keys.
    case lookUp = "look-up"

    static let setting = "GENERIC_PROVIDER_RECOVERY"
}

/// Which ways of recovery a run goes through.
enum RecoveryChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
    case key
    case lookUp = "look-up"
    /// One installation after the other: a call made in one way is never cleared up in the other.
    case both

    var ways: [Recovery] {
        switch self {
        case .key: [.key]
        case .lookUp: [.lookUp]
        case .both: [.key, .lookUp]
        }
    }
}

/// A part of a run with an installation of its own.
struct Phase: Sendable {
    var recovery: Recovery
    var steps: [ChaosStep]
    /// Where its payments begin to be counted, so that no two of a run have one reference.
    var firstPayment: Int

    private static let paymentsMax = 10_000_000

    /// Shares the steps among the ways, about as many kills for each; one that has no steps is left out.
    static func phases(of steps: [ChaosStep], ways: [Recovery]) -> [Phase] {
        let kills = steps.count { $0.trouble.isKill }
        var parts: [[ChaosStep]] = Array(repeating: [], count: ways.count)
        var done = 0
        for step in steps {
            parts[min(done * ways.count / max(1, kills), ways.count - 1)].append(step)
            done += step.trouble.isKill ? 1 : 0
        }
        return ways.indices.map { index in
            Phase(recovery: ways[index], steps: parts[index], firstPayment: index * Self.paymentsMax)
        }
    }
}
