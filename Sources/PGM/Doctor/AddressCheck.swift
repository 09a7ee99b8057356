import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// Connects to where a URL points, by TCP and for `https` TLS, and sends nothing.
enum AddressCheck {
    /// Longest wait for the connection, and again for TLS.
    static let limit: TimeAmount = .seconds(5)

    /// What is wrong with the address; `nil` when it can be connected to.
    static func problem(ofURL text: String) async -> String? {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else {
            return "is no absolute http or https URL"
        }
        let isSecure = url.scheme?.lowercased() == "https"
        let port = url.port ?? (isSecure ? 443 : 80)
        let address = "\(host) port \(port)"
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let secured = loop.makePromise(of: Void.self)
        do {
            let context = try isSecure ? NIOSSLContext(configuration: .makeClientConfiguration()) : nil
            let channel = try await connect(host, port, context, secured, on: loop)
            if context == nil { secured.succeed() }
            let timer = loop.scheduleTask(in: limit) { secured.fail(ChannelError.connectTimeout(limit)) }
            defer { timer.cancel() }
            let result = await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<Void, any Error>, Never>) in
                secured.futureResult.whenComplete { continuation.resume(returning: $0) }
            }
            try? await channel.close()
            if case .failure(let error) = result { throw error }
            return nil
        } catch {
            secured.fail(error)
            return sentence(for: error, address)
        }
    }

    private static func connect(
        _ host: String, _ port: Int, _ context: NIOSSLContext?, _ secured: EventLoopPromise<Void>,
        on loop: any EventLoop
    ) async throws -> any Channel {
        let isName = (try? SocketAddress(ipAddress: host, port: port)) == nil
        return try await ClientBootstrap(group: loop).connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let context else { return }
                    let handler = try NIOSSLClientHandler(context: context, serverHostname: isName ? host : nil)
                    try channel.pipeline.syncOperations.addHandlers(handler, HandshakeWatch(secured))
                }
            }
            .connect(host: host, port: port).get()
    }

    private static func sentence(for error: any Error, _ address: String) -> String {
        switch error {
        case let error as NIOConnectionError where error.connectionErrors.isEmpty:
            return "the name of \(address) cannot be resolved; check the URL and the name server"
        case is NIOConnectionError:
            return "nothing answers at \(address); check the URL, the network and firewalls"
        case ChannelError.connectTimeout:
            return "\(address) does not answer within 5 seconds; check the URL, the network and firewalls"
        default:
            return "TLS with \(address) failed; check the URL's scheme and port, and the installed root certificates"
        }
    }
}

/// Tells when TLS is established, or that it cannot be.
///
/// Runs on the channel's event loop.
private final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let secured: EventLoopPromise<Void>

    init(_ secured: EventLoopPromise<Void>) { self.secured = secured }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { secured.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        secured.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        secured.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}
