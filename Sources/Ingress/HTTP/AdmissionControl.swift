import Synchronization

/// Bounds the requests in work, in all and per caller, so that overload is refused before latency collapses.
final class AdmissionControl: Sendable {
    /// Whether a request may be worked on.
    enum Decision: Sendable, Hashable {
        case admitted
        /// The ingress is full.
        case overloaded
        /// The caller's share is used up.
        case callerAtLimit
    }

    private struct State {
        var total = 0
        var byCaller: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let requestsMax: Int
    private let requestsPerCallerMax: Int

    init(requestsMax: Int, requestsPerCallerMax: Int) {
        self.requestsMax = requestsMax
        self.requestsPerCallerMax = requestsPerCallerMax
    }

    /// Requests in work.
    var count: Int { state.withLock { $0.total } }

    /// Takes a place; an admitted request gives it back by ``leave(_:)``.
    func enter(_ caller: String) -> Decision {
        state.withLock { state in
            guard state.total < requestsMax else { return .overloaded }
            let own = state.byCaller[caller] ?? 0
            guard own < requestsPerCallerMax else { return .callerAtLimit }
            state.total += 1
            state.byCaller[caller] = own + 1
            return .admitted
        }
    }

    /// Gives a place back.
    func leave(_ caller: String) {
        state.withLock { state in
            state.total -= 1
            let own = (state.byCaller[caller] ?? 1) - 1
            state.byCaller[caller] = own > 0 ? own : nil
        }
    }
}
