import HTTPTypes
import Hummingbird
import NIOCore
import Providers
import Shared

/// Turns a request for an operation into a command, publishes it and answers.
struct OperationHandler: Sendable {
    let settings: IngressSettings
    let publisher: CommandPublisher
    let clock: WallClock
    private let keysInFlight: KeysInFlight

    init(settings: IngressSettings, publisher: CommandPublisher, clock: WallClock) {
        self.settings = settings
        self.publisher = publisher
        self.clock = clock
        // Each request in work has one key at most.
        self.keysInFlight = KeysInFlight(keysMax: settings.requestsMax)
    }

    /// Answers one admitted request.
    func handle(
        _ request: Request, _ resolved: EnabledProviders.Resolved, from caller: String, id: CommandID,
        trace: TraceContext
    ) async throws(RequestFailure) -> Response {
        if resolved.operation.operation == .callback { return try await callback(request, resolved, id, trace) }
        let factory = CommandFactory(description: resolved.description, operation: resolved.operation)
        let now = clock.unixMilliseconds
        var command: Command
        do {
            if resolved.operation.body == nil {
                command = try factory.command(query: query(of: request), id: id, now: now)
            } else {
                let body = try await jsonBody(request)
                let identity = try RequestIdentity(caller: caller, fields: request.headers)
                command = try factory.command(
                    body: body, id: id, from: identity, method: resolved.method, now: now)
            }
        } catch let error as ErrorResponse {
            throw RequestFailure(error)
        } catch let failure as RequestFailure {
            throw failure
        } catch {
            throw RequestFailure(.internalError, "the request could not be read")
        }
        command.trace = trace
        guard resolved.operation.operation.isSynchronous else { return try await accept(command) }
        let limit = settings.requestTimeout - IngressSettings.replyMargin
        command.deadlineMilliseconds = now + limit.components.seconds * 1000
        return try await answer(command, resolved.operation)
    }

    private func accept(_ command: Command) async throws(RequestFailure) -> Response {
        do {
            try await publisher.store(command)
        } catch {
            throw failure(error, command, effect: .none)
        }
        return Answer.json(CheckReply(commandID: command.id), status: .accepted)
    }

    private func answer(
        _ command: Command, _ operation: OperationDescription
    ) async throws(RequestFailure) -> Response {
        let keyHash = command.claim?.keyHash
        let place = keyHash.map(keysInFlight.enter)
        defer { if let keyHash, let place { keysInFlight.leave(keyHash, from: place) } }
        do {
            return Answer.reply(try await publisher.storeAndWait(command))
        } catch .noReply where place == .repeat {
            throw RequestFailure(
                .requestStillRunning,
                "an earlier request with this \(IdempotencyHeaderName.key) still runs; repeat to wait for it again",
                retryAfterSeconds: 1)
        } catch {
            throw failure(error, command, effect: operation.effect)
        }
    }

    /// Authenticated first, then durable, then answered.
    private func callback(
        _ request: Request, _ resolved: EnabledProviders.Resolved, _ id: CommandID, _ trace: TraceContext
    ) async throws(RequestFailure) -> Response {
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { $0 + "," + field.value } ?? field.value
        }
        let callback = RawCallback(
            method: request.method.rawValue, headers: headers, query: query(of: request),
            body: try await bodyBytes(request))
        let notice: CallbackNotice
        do {
            notice = try resolved.provider.authenticate(callback)
        } catch {
            switch error {
            case .notAuthentic:
                throw RequestFailure(.invalidSignature, "the callback's signature is missing, wrong or too old")
            case .unreadable(let text): throw RequestFailure(.invalidField, text)
            }
        }
        guard case .payment(let reference) = notice else { return Response(status: .ok) }
        let factory = CommandFactory(description: resolved.description, operation: resolved.operation)
        var command = factory.command(callback: callback, reference: reference, id: id, now: clock.unixMilliseconds)
        command.trace = trace
        do {
            try await publisher.store(command)
        } catch {
            // Anything but a 2xx makes the provider deliver again; a callback processed twice does no harm.
            throw RequestFailure(.notStored, "the callback could not be stored", retryAfterSeconds: 5)
        }
        return Response(status: .ok)
    }

    private func failure(
        _ failure: PublishFailure, _ command: Command, effect: OperationDescription.Effect
    ) -> RequestFailure {
        switch failure {
        case .notStored:
            return RequestFailure(
                .notStored, "the request was not accepted; repeating it is safe", retryAfterSeconds: 2)
        case .tableFull:
            return RequestFailure(.overloaded, "the service is at its limit", retryAfterSeconds: 1)
        case .notWritable:
            return RequestFailure(.bodyTooLarge, "the request is too large to be processed")
        case .possiblyStored, .noReply, .unreadableReply:
            var error = ErrorResponse(.outcomeUnknown, "no answer in time")
            UnknownOutcome(of: command, effect: effect).complete(&error)
            return RequestFailure(error)
        }
    }

    private func query(of request: Request) -> [RawCallback.Parameter] {
        request.uri.queryParameters.map { RawCallback.Parameter(name: String($0.key), value: String($0.value)) }
    }

    private func jsonBody(_ request: Request) async throws(RequestFailure) -> [UInt8] {
        let type = request.headers[.contentType] ?? ""
        let mediaType = type.split(separator: ";").first.map { $0.lowercased().filter { $0 != " " } } ?? ""
        guard mediaType == "application/json" else {
            var failure = RequestFailure(.unsupportedMediaType, "the body must be application/json")
            failure.closesConnection = true
            throw failure
        }
        return try await bodyBytes(request)
    }

    private func bodyBytes(_ request: Request) async throws(RequestFailure) -> [UInt8] {
        var tooLarge = RequestFailure(.bodyTooLarge, "the body is larger than \(settings.bodyBytesMax) bytes")
        tooLarge.closesConnection = true
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > settings.bodyBytesMax {
            throw tooLarge
        }
        do {
            return Array(try await request.body.collect(upTo: settings.bodyBytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch {
            throw RequestFailure(.requestTimeout, "the request did not arrive completely")
        }
    }
}
