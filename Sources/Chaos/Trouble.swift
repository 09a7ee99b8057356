/// Where in its work a worker that was asked to kills itself.
enum CrashPlace: String, CaseIterable, Sendable {
    /// Nothing is known of the call yet.
    case beforeAttempted = "before-attempted"
    /// The journal has the attempt, the provider was not called.
    case afterAttempted = "after-attempted"
    /// The provider had its effect, the journal does not know.
    case afterEffect = "after-effect"
    /// The journal has the answer, nobody else does.
    case afterSettled = "after-settled"
    /// Partitions come or go.
    case rebalance
}

/// What is done to the installation in one step.
enum Trouble: Hashable, Sendable {
    /// SIGKILL, and a successor at once.
    case kill(Role)
    /// SIGSTOP for longer than a group member may be silent, then SIGCONT.
    case freeze(Role)
    /// SIGTERM, and a successor when it has ended.
    case stop(Role)
    case placedKill(CrashPlace)
    /// SIGKILL of both workers, so that nobody takes over but their successors.
    case killWorkers
    /// The embedded broker stands still.
    case brokerOutage
    /// The commands for a broker of yours, one after the other.
    case brokerRestart
    case faultsBeforeEffect, faultsAfterEffect
    case merchantOutage

    /// Whether it hits one of our own processes; only these count as kills.
    var isKill: Bool {
        switch self {
        case .kill, .freeze, .stop, .placedKill, .killWorkers: true
        case .brokerOutage, .brokerRestart, .faultsBeforeEffect, .faultsAfterEffect, .merchantOutage: false
        }
    }

    /// Whether it is a SIGKILL of one worker or both, by whomever.
    var killsWorkers: Bool {
        switch self {
        case .kill(.worker), .placedKill, .killWorkers: true
        default: false
        }
    }

    /// Everything but placed kills.
    static func unplaced(_ options: ChaosPlan.Options) -> [Trouble] {
        let signals = Role.allCases.flatMap { [Trouble.kill($0), .freeze($0), .stop($0)] }
        return signals + [.killWorkers, .faultsBeforeEffect, .faultsAfterEffect]
            + (options.hasMerchantOutages ? [.merchantOutage] : []) + (options.hasOwnBroker ? [.brokerOutage] : [])
            + (options.canRestartBroker ? [.brokerRestart] : [])
    }

    /// How the report calls it.
    var name: String {
        switch self {
        case .kill(let role): "SIGKILL \(role.rawValue)"
        case .freeze(let role): "SIGSTOP, SIGCONT \(role.rawValue)"
        case .stop(let role): "SIGTERM \(role.rawValue)"
        case .placedKill(let place): "worker kills itself: \(place.rawValue)"
        case .killWorkers: "SIGKILL both workers"
        case .brokerOutage: "broker outage"
        case .brokerRestart: "broker restart"
        case .faultsBeforeEffect: "provider faults before the effect"
        case .faultsAfterEffect: "provider faults after the effect"
        case .merchantOutage: "merchant's endpoint fails"
        }
    }
}
