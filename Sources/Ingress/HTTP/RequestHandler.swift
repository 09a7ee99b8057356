import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Providers
import Shared

/// Answers every request of the API: routes, admits, authenticates, and hands operations on.
struct RequestHandler: Sendable {
    let settings: IngressSettings
    let providers: EnabledProviders
    let authentication: CallerAuthentication
    let admission: AdmissionControl
    let operations: OperationHandler
    let administration: AdministrationHandler
    let documentation: Documentation
    let clock: WallClock
    let logger: Logger
    let metrics = RequestMetrics()

    /// Which paths a port serves.
    enum Surface: Sendable {
        /// All of them.
        case all
        /// Those of merchants and providers.
        case application
        /// Those of operators.
        case administration

        func serves(_ pattern: RoutePattern) -> Bool {
            switch self {
            case .all: true
            case .application: !pattern.isAdministrative
            case .administration: pattern.isAdministrative
            }
        }
    }

    /// Answers one request; never throws, so that every failure has a body.
    func respond(to request: Request, channel: any Channel, surface: Surface = .all) async -> Response {
        let id = CommandID.make(atUnixMilliseconds: clock.unixMilliseconds)
        let started = ContinuousClock.now
        let match = RouteTable.match(path: request.uri.path).flatMap { surface.serves($0.pattern) ? $0 : nil }
        let hop = TraceHop.start(
            match?.pattern.label ?? "unknown", .server,
            parent: TraceContext(
                traceParent: request.headers[.traceParent], traceState: request.headers[.traceState]))
        var response: Response
        do {
            response = try await route(request, match, id, channel, hop.context)
        } catch {
            response = Answer.failure(error.response(id), retryAfterSeconds: error.retryAfterSeconds)
            if let allow = error.allow { response.headers[.allow] = allow }
            if error.closesConnection { Answer.makeLast(&response, on: channel) }
        }
        response.headers[.requestID] = id.value
        hop.end(failure: response.status.code >= 500 ? String(response.status.code) : nil)
        record(request, match, response, started: started, id: id, trace: hop.context)
        return response
    }

    private func route(
        _ request: Request, _ match: RouteMatch?, _ id: CommandID, _ channel: any Channel, _ trace: TraceContext
    ) async throws(RequestFailure) -> Response {
        guard let match else {
            throw RequestFailure(.unknownRoute, "there is no such path; see /documentation for those there are")
        }
        guard let target = match.pattern.targets.first(where: { $0.method == request.method })?.target else {
            let allowed = match.pattern.targets.map(\.method.rawValue).joined(separator: ", ")
            var failure = RequestFailure(.methodNotAllowed, "this path takes \(allowed)")
            failure.allow = allowed
            throw failure
        }
        switch target {
        case .health, .readiness, .checkUp, .metrics:
            guard let answer = administration.answer(target) else {
                throw RequestFailure(.internalError, "the answer could not be made")
            }
            return answer
        case .documentationPage: return documentation.pageResponse
        case .openAPIDocument: return documentation.openAPIResponse
        case .paymentMethods:
            _ = try authenticate(request, channel)
            return Answer.json(paymentMethods)
        case .operation(let operation):
            return try await admit(request, match, operation, id, channel, trace)
        }
    }

    private func admit(
        _ request: Request, _ match: RouteMatch, _ operation: Operation, _ id: CommandID, _ channel: any Channel,
        _ trace: TraceContext
    ) async throws(RequestFailure) -> Response {
        // Providers cannot show an API key: a callback's own signature is its proof.
        let caller =
            operation == .callback ? "provider:" + (match.provider ?? "") : try authenticate(request, channel)
        switch admission.enter(caller) {
        case .overloaded:
            metrics.refused(limit: "process")
            throw RequestFailure(.overloaded, "the service is at its limit", retryAfterSeconds: 1)
        case .callerAtLimit:
            metrics.refused(limit: "caller")
            throw RequestFailure(
                .tooManyRequests, "at most \(settings.requestsPerCallerMax) requests of a caller at once",
                retryAfterSeconds: 1)
        case .admitted: break
        }
        defer { admission.leave(caller) }
        let resolved = try providers.resolve(match, operation)
        return try await operations.handle(request, resolved, from: caller, id: id, trace: trace)
    }

    private func authenticate(_ request: Request, _ channel: any Channel) throws(RequestFailure) -> String {
        let address = channel.remoteAddress?.ipAddress ?? "unknown"
        let authorization = request.headers[.authorization]
        guard let caller = authentication.caller(authorization: authorization, address: address) else {
            throw RequestFailure(.unauthorized, "the header Authorization must be: Bearer, a space and an API key")
        }
        return caller
    }

    private var paymentMethods: [String] {
        settings.paymentMethods.isEmpty ? providers.methodNames : settings.paymentMethods
    }

    private func record(
        _ request: Request, _ match: RouteMatch?, _ response: Response, started: ContinuousClock.Instant,
        id: CommandID, trace: TraceContext
    ) {
        let elapsed = ContinuousClock.now - started
        let route = match?.pattern.label ?? "unknown"
        let method = metrics.answered(
            route: route, method: request.method.rawValue, status: response.status.code, after: elapsed)
        // A process that is asked whether it is ready, and is not, is no news; nor is what callers provoke at will.
        let isNoNews = route.hasPrefix("/-/") || response.status.code < 500 || response.status.code == 501
        let level: Logger.Level = isNoNews ? .debug : .warning
        logger.log(
            level: level, "request answered",
            metadata: .of([
                .commandID: id.value, .route: route, .httpMethod: method, .statusCode: "\(response.status.code)",
                .durationMilliseconds: "\(elapsed.clampedNanoseconds / 1_000_000)", .traceID: trace.traceIDText,
            ]))
    }
}

/// A failure on its way to the caller.
struct RequestFailure: Error {
    var error: ErrorResponse
    var retryAfterSeconds: Int?
    var allow: String?
    var closesConnection = false

    init(_ error: ErrorResponse, retryAfterSeconds: Int? = nil) {
        self.error = error
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ code: ErrorCode, _ message: String, retryAfterSeconds: Int? = nil) {
        self.init(ErrorResponse(code, message), retryAfterSeconds: retryAfterSeconds)
    }

    func response(_ id: CommandID) -> ErrorResponse {
        var error = error
        error.requestId = id.value
        return error
    }
}
