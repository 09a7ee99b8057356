import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Shared

/// The HTTP server around the handler of requests, with its limits on time, size and number.
struct IngressServer: Sendable {
    let settings: IngressSettings
    let handler: RequestHandler
    let logger: Logger

    /// The server, which runs until graceful shutdown; `fallback` is asked first.
    func service(
        fallback: @escaping @Sendable (Request, ApplicationRequestContextSource) async throws -> Response?,
        onListening: @escaping @Sendable (SocketAddress?) async -> Void
    ) -> some Service {
        let surface: RequestHandler.Surface = settings.administrationPort == nil ? .all : .application
        let responder = CallbackResponder { (request: Request, context: EdgeContext) in
            if let response = try await fallback(request, context.source) { return response }
            return await handler.respond(to: request, channel: context.channel, surface: surface)
        }
        let readLimit = TimeAmount(settings.readTimeout)
        let clock = handler.clock
        let http1 = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionGuard(limit: readLimit) { .make(atUnixMilliseconds: clock.unixMilliseconds) }
            ],
            idleTimeout: TimeAmount(settings.idleTimeout),
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024)
        )
        return Application(
            responder: responder,
            server: .http1(configuration: http1),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.connectionsMax)),
            onServerRunning: { await onListening($0.localAddress) },
            logger: logger)
    }
}
