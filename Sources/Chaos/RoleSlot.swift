/// A place of the installation that one process fills at a time; it is started again in the same place.
enum RoleSlot: Hashable, CaseIterable, Sendable {
    case ingress0, ingress1, worker0, worker1, notifier

    static let workers: [RoleSlot] = [.worker0, .worker1]
    static let ingresses: [RoleSlot] = [.ingress0, .ingress1]

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

    /// The command of `pgm`.
    var command: String {
        switch self {
        case .ingress0, .ingress1: "ingress"
        case .worker0, .worker1: "worker"
        case .notifier: "notifier"
        }
    }

    /// The variable with the port on which it answers `/-/ready`.
    var portVariable: String { command == "ingress" ? "HTTP_PORT" : "ADMIN_PORT" }
}
