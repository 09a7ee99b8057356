import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server that gives every request the same answer and keeps the headers of each.
final class CaptureServer: Sendable {
    struct Captured: Sendable {
        let path: String
        let headers: [String: String]
    }

    private let captured = Mutex<[Captured]>([])
    private let channel = Mutex<(any Channel)?>(nil)
    private let answer: String

    private init(answer: String) { self.answer = answer }

    /// Starts a server on a free port of the loopback interface.
    static func start(answer: String) async throws -> CaptureServer {
        let server = CaptureServer(answer: answer)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.channel.withLock { $0 = channel }
        return server
    }

    var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }

    /// What arrived under paths that begin like this.
    func requests(to path: String) -> [Captured] {
        captured.withLock { all in all.filter { $0.path.hasPrefix(path) } }
    }

    func stop() async throws {
        try await channel.withLock { $0 }?.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let server: CaptureServer

        init(_ server: CaptureServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                var headers: [String: String] = [:]
                for (name, value) in head.headers { headers[name.lowercased()] = value }
                server.captured.withLock { $0.append(Captured(path: head.uri, headers: headers)) }
            case .body: break
            case .end:
                let body = ByteBuffer(string: server.answer)
                let headers = HTTPHeaders([
                    ("content-type", "application/json"), ("content-length", "\(body.readableBytes)"),
                ])
                context.write(
                    wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
