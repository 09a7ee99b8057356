import Shared
import Synchronization
import Testing

/// Gives prepared answers in order and remembers the requests; a request too many is a test failure.
final class ScriptedTransport: HTTPTransport {
    enum Answer: Sendable {
        case response(OutgoingResponse)
        case failure(OutgoingFailure.Code, mayHaveBeenSent: Bool)
    }

    private struct State {
        var answers: [Answer]
        var requests: [OutgoingRequest] = []
    }

    private let state: Mutex<State>

    init(_ answers: [Answer]) {
        state = Mutex(State(answers: answers))
    }

    var requests: [OutgoingRequest] { state.withLock { $0.requests } }
    var isExhausted: Bool { state.withLock { $0.answers.isEmpty } }

    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        let answer = state.withLock { state -> Answer? in
            state.requests.append(request)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        switch answer {
        case .response(let response): return response
        case .failure(let code, let mayHaveBeenSent):
            throw OutgoingFailure(code: code, mayHaveBeenSent: mayHaveBeenSent)
        case nil:
            Issue.record("a request that no answer was prepared for: \(request.method)")
            throw OutgoingFailure(code: .other, mayHaveBeenSent: true)
        }
    }
}

extension ScriptedTransport.Answer {
    static func json(_ statusCode: Int, _ text: String, _ headers: [String: String] = [:]) -> Self {
        .response(OutgoingResponse(statusCode: statusCode, headers: headers, body: Array(text.utf8)))
    }
}

extension OutgoingRequest {
    /// The body as text.
    var bodyText: String? { body.map { String(decoding: $0, as: UTF8.self) } }

    /// Every value of a header.
    func values(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }
}
