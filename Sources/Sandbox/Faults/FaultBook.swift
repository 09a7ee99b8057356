import Synchronization

/// The faults in force for one provider.
final class FaultBook: Sendable {
    /// Faults in force at the same time at most.
    static let maximumFaults = 100

    private let faults = Mutex<[Fault]>([])

    /// The first fault that strikes this operation, counted down; nil nearly always.
    ///
    /// `reference` is only asked for when a fault depends on it.
    func take(operation: String, reference: () -> String?) -> Fault? {
        let candidates = faults.withLock { faults in
            faults.contains { Self.concerns($0, operation) }
                ? faults.contains { Self.concerns($0, operation) && $0.reference != nil } : nil
        }
        guard let needsReference = candidates else { return nil }
        let reference = needsReference ? reference() : nil
        return faults.withLock { faults in
            for index in faults.indices where Self.concerns(faults[index], operation) {
                let fault = faults[index]
                if let wanted = fault.reference, wanted != reference { continue }
                if fault.probability < 1, Double.random(in: 0..<1) >= fault.probability { continue }
                if let remaining = fault.remainingCount {
                    if remaining <= 1 {
                        faults.remove(at: index)
                    } else {
                        faults[index].remainingCount = remaining - 1
                    }
                }
                return fault
            }
            return nil
        }
    }

    private static func concerns(_ fault: Fault, _ operation: String) -> Bool {
        fault.operation == operation || (fault.operation == "*" && operation != "webhook")
    }

    /// Serves `GET`, `POST` and `DELETE` of `__faults`.
    func respond(to request: SimulatedRequest) -> SimulatedAnswer {
        switch request.method {
        case "GET":
            return .json(200, ["faults": .array(faults.withLock { $0.map(\.description) })])
        case "DELETE":
            faults.withLock { $0.removeAll() }
            return .json(200, ["faults": []])
        case "POST":
            guard let fault = JSONParser.parse(request.body).flatMap(Fault.init) else {
                return .operatorError(400, "invalid_request", "The fault has an unknown, missing or impossible field.")
            }
            let isAdded = faults.withLock { faults in
                guard faults.count < Self.maximumFaults else { return false }
                faults.append(fault)
                return true
            }
            guard isAdded else { return .operatorError(409, "too_many_faults", "Delete some faults first.") }
            return .json(201, fault.description)
        default:
            return .operatorError(405, "method_not_allowed", "Use GET, POST or DELETE.")
        }
    }
}
