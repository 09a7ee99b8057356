import Shared
import Synchronization

/// A merchant's endpoint that answers by a rule and remembers what it was sent.
final class ScriptedTransport: HTTPTransport {
    typealias Rule = @Sendable (OutgoingRequest, Int) throws(OutgoingFailure) -> OutgoingResponse

    private let requests = Mutex<[OutgoingRequest]>([])
    private let rule: Rule

    /// Takes the rule, which gets the request and its number from zero.
    init(_ rule: @escaping Rule) {
        self.rule = rule
    }

    /// Answers these statuses one after the other, the last one for ever.
    convenience init(statuses: [Int]) {
        self.init { _, index in
            OutgoingResponse(statusCode: index < statuses.count ? statuses[index] : statuses.last ?? 200)
        }
    }

    var sent: [OutgoingRequest] { requests.withLock { $0 } }

    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        let index = requests.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        return try rule(request, index)
    }
}

extension OutgoingRequest {
    /// Value of a header.
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
