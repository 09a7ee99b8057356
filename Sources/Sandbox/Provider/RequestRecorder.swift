import HTTPTypes
import Synchronization

/// The last requests of a provider, for tests that look at what was really sent; never written to a log.
final class RequestRecorder: Sendable {
    /// Requests kept.
    static let maximumRequests = 1000

    private struct State {
        var ring: [JSONValue] = []
        var next = 0
    }

    private let state = Mutex(State())

    /// Keeps a request in place of the oldest one; of the headers only the names.
    func record(_ request: SimulatedRequest) {
        let entry: JSONValue = [
            "method": .string(request.method),
            "path": .string("/" + request.path.joined(separator: "/")),
            "query": .strings(request.query),
            "headerNames": .array(request.headers.map { .string($0.name.canonicalName) }),
            "body": .string(String(decoding: request.body, as: UTF8.self)),
        ]
        state.withLock { state in
            if state.ring.count < Self.maximumRequests {
                state.ring.append(entry)
            } else {
                state.ring[state.next] = entry
                state.next = (state.next + 1) % Self.maximumRequests
            }
        }
    }

    /// The last `limit` requests, oldest first.
    func last(_ limit: Int) -> [JSONValue] {
        state.withLock { state in
            let ordered = state.ring[state.next...] + state.ring[..<state.next]
            return ordered.suffix(max(0, limit))
        }
    }
}
