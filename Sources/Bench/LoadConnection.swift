import NIOCore
import NIOHTTP1
import NIOPosix

/// One keep-alive connection with one request at a time; requests are bytes made beforehand, to keep the generator cheap.
struct LoadConnection: Sendable {
    private let channel: any Channel

    static func open(port: Int) async throws -> LoadConnection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = HTTPResponseDecoder()
                    try channel.pipeline.syncOperations.addHandler(RawRequestHandler())
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
                    try channel.pipeline.syncOperations.addHandler(ResponseHandler())
                }
            }
        return LoadConnection(channel: try await bootstrap.connect(host: "127.0.0.1", port: port).get())
    }

    /// Sends a request and waits for the end of its answer; returns the status.
    func send(_ bytes: [UInt8]) async throws -> Int {
        let promise = channel.eventLoop.makePromise(of: Int.self)
        let request = RawRequest(bytes: ByteBuffer(bytes: bytes), promise: promise)
        channel.writeAndFlush(request, promise: nil)
        return try await promise.futureResult.get()
    }

    func close() async throws {
        try await channel.close()
    }
}

/// A request on its way, with the promise of its status.
struct RawRequest: Sendable {
    var bytes: ByteBuffer
    var promise: EventLoopPromise<Int>
}

/// Hands a request's bytes to the socket; its promise was taken by ``ResponseHandler`` before.
private final class RawRequestHandler: ChannelOutboundHandler {
    typealias OutboundIn = RawRequest
    typealias OutboundOut = ByteBuffer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(wrapOutboundOut(unwrapOutboundIn(data).bytes), promise: promise)
    }
}

/// Keeps the promise of the request in flight and fulfils it at the end of its answer.
private final class ResponseHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = RawRequest
    typealias OutboundOut = RawRequest

    private var waiting: EventLoopPromise<Int>?
    private var status = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        waiting = unwrapOutboundIn(data).promise
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = Int(head.status.code)
        case .body: break
        case .end:
            waiting?.succeed(status)
            waiting = nil
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting?.fail(ChannelError.eof)
        waiting = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        waiting?.fail(error)
        waiting = nil
        context.close(promise: nil)
    }
}
