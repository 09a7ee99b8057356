import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Sandbox

/// A merchant's server that remembers every webhook and answers as it is told.
final class WebhookCollector: Sendable {
    struct Received: Sendable {
        let method: String
        let path: String
        let query: [FormField]
        let headers: HTTPFields
        let body: [UInt8]

        var json: JSONValue { JSONParser.parse(body) ?? .null }

        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    }

    private let received = Mutex<[Received]>([])
    private let refusals = Mutex(0)

    /// Answers 500 to the next webhooks, which are remembered all the same.
    func refuse(_ count: Int) {
        refusals.withLock { $0 = count }
    }

    func accept(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 1 << 20)
        let entry = Received(
            method: request.method.rawValue, path: request.uri.path,
            query: FormField.decode(request.uri.query ?? "") ?? [], headers: request.headers,
            body: Array(body.readableBytesView))
        received.withLock { $0.append(entry) }
        let isRefused = refusals.withLock { refusals in
            guard refusals > 0 else { return false }
            refusals -= 1
            return true
        }
        return Response(status: isRefused ? .internalServerError : .ok)
    }

    /// Everything that arrived, once it is at least `count`; fails after ten seconds.
    func first(_ count: Int) async throws -> [Received] {
        if await eventually(within: .seconds(10), { received.withLock { $0.count } >= count }) {
            return received.withLock { $0 }
        }
        let arrived = received.withLock { $0.count }
        Issue.record("only \(arrived) of \(count) webhooks arrived")
        throw CancellationError()
    }

    var count: Int { received.withLock { $0.count } }
}
