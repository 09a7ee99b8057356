import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Stands between provider and ingresses as a load balancer does, and remembers which callbacks were accepted.
///
/// A callback that was answered 2xx is the product's to keep; one that never was is the provider's to repeat.
final class CallbackRelay: Sendable {
    /// What the handlers of its connections share.
    fileprivate final class Desk: Sendable {
        private struct State {
            var accepted: Set<String> = []
            var turn = 0
            var passedOn = 0
        }

        private let ingresses: [String]
        private let client: ChaosClient
        private let state = Mutex(State())

        init(ingresses: [String], client: ChaosClient) {
            (self.ingresses, self.client) = (ingresses, client)
        }

        var accepted: Set<String> { state.withLock { $0.accepted } }
        var passedOn: Int { state.withLock { $0.passedOn } }

        func pass(_ head: HTTPRequestHead, _ body: ByteBuffer) async -> Int {
            struct Callback: Decodable { var paymentId: String }
            let turn = state.withLock { state in
                state.turn += 1
                return state.turn
            }
            var headers = head.headers
            for name in ["Host", "Content-Length", "Transfer-Encoding", "Connection"] { headers.remove(name: name) }
            let url = ingresses[turn % ingresses.count] + head.uri
            let status = await client.relay(method: head.method, url: url, headers: headers, body: body)
            if (200...299).contains(status),
                let callback = try? JSONDecoder().decode(Callback.self, from: Data(body.readableBytesView))
            {
                state.withLock { state in
                    state.accepted.insert(callback.paymentId)
                    state.passedOn += 1
                }
            }
            return status
        }
    }

    private let desk: Desk
    private let channel: any Channel

    private init(desk: Desk, channel: any Channel) {
        (self.desk, self.channel) = (desk, channel)
    }

    static func start(port: Int, ingresses: [String], client: ChaosClient) async throws -> CallbackRelay {
        let desk = Desk(ingresses: ingresses, client: client)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(RelayHandler(desk: desk))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return CallbackRelay(desk: desk, channel: channel)
    }

    /// The provider's ids of payments of which a callback was accepted.
    var acceptedPayments: Set<String> { desk.accepted }

    /// Callbacks that were accepted, repeats included.
    var passedOn: Int { desk.passedOn }

    func stop() async { try? await channel.close() }
}

/// Collects one request at a time and writes its answer.
private final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let desk: CallbackRelay.Desk
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(desk: CallbackRelay.Desk) { self.desk = desk }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end:
            guard let head else { return }
            let (desk, body, channel) = (desk, body, context.channel)
            context.eventLoop.makeFutureWithTask { await desk.pass(head, body) }
                .whenSuccess { status in Self.answer(status, on: channel, version: head.version) }
        }
    }

    private static func answer(_ status: Int, on channel: any Channel, version: HTTPVersion) {
        let head = HTTPResponseHead(
            version: version, status: HTTPResponseStatus(statusCode: status), headers: ["Content-Length": "0"])
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }
}
