/// What a process of the installation does; also its command of `pgm`.
enum Role: String, CaseIterable, Sendable {
    case ingress, worker, notifier
}

/// A place of the installation that one process fills at a time; it is started again in the same place.
enum RoleSlot: Hashable, CaseIterable, Sendable {
    case ingress0, ingress1, worker0, worker1, notifier

    static let workers: [RoleSlot] = [.worker0, .worker1]
    static let ingresses: [RoleSlot] = [.ingress0, .ingress1]

    /// The place of a role with a number, 0 or 1; of the notifier there is but one.
    init(_ role: Role, _ number: Int) {
        self =
            switch role {
            case .ingress: Self.ingresses[number]
            case .worker: Self.workers[number]
            case .notifier: .notifier
            }
    }

    /// Also the name of its log and of its journal's folder.
    var name: String {
        switch self {
        case .ingress0: "ingress-0"
        case .ingress1: "ingress-1"
        case .worker0: "worker-0"
        case .worker1: "worker-1"
        case .notifier: "notifier"
        }
    }

    var role: Role {
        switch self {
        case .ingress0, .ingress1: .ingress
        case .worker0, .worker1: .worker
        case .notifier: .notifier
        }
    }

    /// The variable with the port on which it answers `/-/ready`.
    var portVariable: String { role == .ingress ? "HTTP_PORT" : "ADMIN_PORT" }
}
