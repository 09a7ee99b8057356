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
    case killWorker, freezeWorker, stopWorker
    case killIngress, stopIngress
    case killNotifier
    case brokerOutage
    case faultsBeforeEffect, faultsAfterEffect
    case placedKill(CrashPlace)

    /// Everything but placed kills.
    static func unplaced(hasOwnBroker: Bool) -> [Trouble] {
        let all: [Trouble] = [
            .killWorker, .freezeWorker, .stopWorker, .killIngress, .stopIngress, .killNotifier, .faultsBeforeEffect,
            .faultsAfterEffect,
        ]
        return hasOwnBroker ? all + [.brokerOutage] : all
    }

    /// How the report calls it.
    var name: String {
        switch self {
        case .killWorker: "SIGKILL worker"
        case .freezeWorker: "SIGSTOP, SIGCONT worker"
        case .stopWorker: "SIGTERM worker"
        case .killIngress: "SIGKILL ingress"
        case .stopIngress: "SIGTERM ingress"
        case .killNotifier: "SIGKILL notifier"
        case .brokerOutage: "broker outage"
        case .faultsBeforeEffect: "provider faults before the effect"
        case .faultsAfterEffect: "provider faults after the effect"
        case .placedKill(let place): "worker kills itself: \(place.rawValue)"
        }
    }
}
