import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
public import Shared

/// Serves the administrative paths of a process without an API, on a port of their own.
public enum AdministrationServer {
    /// Connections at once: a few scrapers and probes.
    static let connectionsMax = 64

    /// The server, which runs until graceful shutdown.
    public static func service(
        host: String, port: Int, parts: [HealthPart], registry: MetricRegistry = .process, logger: Logger
    ) -> any Service {
        let handler = AdministrationHandler(parts: parts, registry: registry)
        return service(host: host, port: port, logger: logger) { request, _ in
            guard let match = RouteTable.match(path: request.uri.path),
                let target = match.pattern.targets.first(where: { $0.method == request.method })?.target,
                let answer = handler.answer(target)
            else { return Answer.failure(ErrorResponse(.unknownRoute, "there is no such path here")) }
            return answer
        }
    }

    static func service(
        host: String, port: Int, logger: Logger,
        respond: @escaping @Sendable (Request, EdgeContext) async -> Response
    ) -> any Service {
        let http1 = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionGuard(limit: .seconds(10)) {
                    .make(atUnixMilliseconds: WallClock.system.unixMilliseconds)
                }
            ],
            idleTimeout: .seconds(60))
        return Application(
            responder: CallbackResponder { (request: Request, context: EdgeContext) in
                await respond(request, context)
            },
            server: .http1(configuration: http1),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(connectionsMax)),
            logger: logger)
    }
}
