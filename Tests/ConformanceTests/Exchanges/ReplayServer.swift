import HTTPTypes
import Hummingbird
import NIOCore
import Shared
import Synchronization

/// A provider that gives recorded answers in order and keeps the requests.
final class ReplayServer: Sendable {
    struct Received: Sendable {
        var method: String
        /// The path and query as they were sent.
        var path: String
        var headers: HTTPFields
        var body: [UInt8]
    }

    private struct State {
        var answers: [(status: Int, body: [UInt8])]
        var received: [Received] = []
    }

    private let state: Mutex<State>

    init(_ answers: [(status: Int, body: [UInt8])]) {
        state = Mutex(State(answers: answers))
    }

    var received: [Received] { state.withLock { $0.received } }

    func respond(to request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 1 << 20)
        let received = Received(
            method: request.method.rawValue,
            path: String(request.uri.string.dropFirst(Switchboard.replayPath.count)), headers: request.headers,
            body: Array(body.readableBytesView))
        let answer = state.withLock { state in
            state.received.append(received)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        guard let answer else { return Response(status: .init(code: 599)) }
        return Response(
            status: .init(code: answer.status), headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
