import HTTPTypes
import Hummingbird
import NIOCore
import Sandbox
import Shared
import Synchronization

/// In front of the simulators: hands requests on, tampers with one when told to, and collects callbacks.
final class Switchboard: Sendable {
    static let sandboxPath = "/-/sandbox"
    static let collectPath = "/collect"
    static let replayPath = "/replay"

    private struct State {
        var sandbox: Sandbox?
        var tampering: Tampering?
        var requestCount = 0
        var callbacks: [RawCallback] = []
        var replay: ReplayServer?
        /// Requests that are held without an answer.
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func use(_ sandbox: Sandbox) { state.withLock { $0.sandbox = sandbox } }
    func use(_ replay: ReplayServer) { state.withLock { $0.replay = replay } }

    /// Tampers with one of the requests that come from now on.
    func arm(_ tampering: Tampering) {
        state.withLock { state in
            state.tampering = tampering
            state.requestCount = 0
        }
    }

    /// Whether the request that was to be tampered with came.
    var hasStruck: Bool { state.withLock { $0.tampering == nil } }

    /// Ends tampering, and lets go of requests that are held.
    /// - Returns: Whether the request that was to be tampered with came.
    @discardableResult
    func disarm() -> Bool {
        let (hasStruck, held) = state.withLock { state in
            defer { (state.tampering, state.held) = (nil, []) }
            return (state.tampering == nil, state.held)
        }
        for continuation in held { continuation.resume() }
        return hasStruck
    }

    /// Whether a request is held.
    var isHolding: Bool { state.withLock { !$0.held.isEmpty } }

    /// Waits until tampering ends: the client has gone away by then. (A server that lets clients close their half of a
    /// connection is not told when they do.)
    private func hold() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.held.append(continuation) }
        }
    }

    var callbacks: [RawCallback] { state.withLock { $0.callbacks } }

    func respond(to request: Request, source: ApplicationRequestContextSource) async throws -> Response {
        let path = request.uri.path
        if path.hasPrefix(Self.collectPath) { return try await collect(request) }
        if path.hasPrefix(Self.replayPath), let replay = state.withLock({ $0.replay }) {
            return try await replay.respond(to: request)
        }
        guard let sandbox = state.withLock({ $0.sandbox }), sandbox.handles(path: path) else {
            return Response(status: .notFound)
        }
        let isOperators = path.split(separator: "/").dropFirst(3).first?.hasPrefix("__") ?? true
        guard !isOperators, let kind = strike() else {
            return try await sandbox.respond(to: request, source: source)
        }
        return try await tamper(kind, request, source, sandbox)
    }

    private func strike() -> Tampering.Kind? {
        state.withLock { state in
            defer { state.requestCount += 1 }
            guard let tampering = state.tampering, tampering.index == state.requestCount else { return nil }
            state.tampering = nil
            return tampering.kind
        }
    }

    private func tamper(
        _ kind: Tampering.Kind, _ request: Request, _ source: ApplicationRequestContextSource, _ sandbox: Sandbox
    ) async throws -> Response {
        switch kind {
        case .answer(let status, let headers, let body):
            _ = try await request.body.collect(upTo: 1 << 20)
            var fields = HTTPFields()
            for (name, value) in headers {
                if let name = HTTPField.Name(name) { fields[name] = value }
            }
            return Response(
                status: .init(code: status), headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: body)))
        case .silence:
            _ = try await request.body.collect(upTo: 1 << 20)
            await hold()
        case .silenceAfterEffect:
            _ = try await sandbox.respond(to: request, source: source)
            await hold()
        case .cutAfterEffect:
            _ = try await sandbox.respond(to: request, source: source)
            try? await source.channel.close().get()
        case .body(let bytes):
            var response = try await sandbox.respond(to: request, source: source)
            response.body = .init(byteBuffer: ByteBuffer(bytes: bytes))
            return response
        case .flood:
            var response = try await sandbox.respond(to: request, source: source)
            response.body = flood()
            return response
        }
        throw NotConforming("nobody is there to be answered")
    }

    /// The beginning of a JSON object whose end is held back: who wants to read all of it waits in vain.
    private func flood() -> ResponseBody {
        ResponseBody { writer in
            try await writer.write(ByteBuffer(string: #"{"id":""#))
            let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: Tampering.pieceBytes)
            for _ in 0..<(Tampering.floodBytes / Tampering.pieceBytes) { try await writer.write(piece) }
            await self.hold()
            throw NotConforming("the rest of the answer is never sent")
        }
    }

    private func collect(_ request: Request) async throws -> Response {
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        let body = try await request.body.collect(upTo: 1 << 20)
        let callback = RawCallback(
            method: request.method.rawValue, headers: headers,
            query: request.uri.queryParameters.map { .init(name: String($0.key), value: String($0.value)) },
            body: Array(body.readableBytesView))
        state.withLock { $0.callbacks.append(callback) }
        return Response(status: .ok)
    }
}
