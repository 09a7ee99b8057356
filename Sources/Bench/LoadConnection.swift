import NIOCore
import NIOPosix

/// One keep-alive connection with one request at a time; requests are bytes made beforehand, to keep the generator
/// cheap.
struct LoadConnection: Sendable {
    private let channel: any Channel

    static func open(port: Int) async throws -> LoadConnection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawHTTPHandler())
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

/// A request on its way, with the promise of its answer's status.
struct RawRequest: Sendable {
    var bytes: ByteBuffer
    var promise: EventLoopPromise<Int>
}

/// Sends one request at a time and fulfils its promise at the end of the answer.
///
/// Reads just what a measured server sends: a head with `Content-Length`, then so many bytes. Anything else fails.
private final class RawHTTPHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = RawRequest
    typealias OutboundOut = ByteBuffer

    private var waiting: EventLoopPromise<Int>?
    private var received = ByteBuffer()

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let request = unwrapOutboundIn(data)
        waiting = request.promise
        received.clear()
        context.write(wrapOutboundOut(request.bytes), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        received.writeBuffer(&buffer)
        let bytes = received.readableBytesView
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
        let lines = head.split(separator: "\r\n")
        let length =
            lines.first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
        guard bytes.distance(from: end.upperBound, to: bytes.endIndex) >= length else { return }
        waiting?.succeed(lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0)
        waiting = nil
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
