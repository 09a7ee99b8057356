import HTTPTypes
import Hummingbird
import NIOCore
import Shared

extension HTTPField.Name {
    /// How the header is written; reading goes by any case.
    static let requestIDText = "X-Request-Id"
    /// Identifier of the request, on every answer.
    static let requestID: HTTPField.Name = named(requestIDText)
    /// Set on answers that were recorded earlier.
    static let idempotentReplayed: HTTPField.Name = named(IdempotencyHeaderName.replayed)
    /// By which a caller wants a request to be known again.
    static let idempotencyKey: HTTPField.Name = named(IdempotencyHeaderName.key)
    /// Keeps browsers from sending the address of a page on.
    static let referrerPolicy: HTTPField.Name = named("referrer-policy")
    /// W3C trace context.
    static let traceParent: HTTPField.Name = named(TraceHeaderName.traceParent)
    /// Data of tracing systems.
    static let traceState: HTTPField.Name = named(TraceHeaderName.traceState)

    /// Takes literals of this file; one that is no token would fall back to a harmless name.
    private static func named(_ literal: String) -> HTTPField.Name {
        HTTPField.Name(literal) ?? .accept
    }
}

/// Makes HTTP answers.
enum Answer {
    /// A JSON body.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json; charset=utf-8"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A value as JSON.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        guard let bytes = try? JSONCoding.encode(value) else {
            return failure(ErrorResponse(.internalError, "the answer could not be written"))
        }
        return json(bytes, status: status)
    }

    /// A failure; an error body is made of strings and numbers and can always be written.
    static func failure(_ error: ErrorResponse, retryAfterSeconds: Int? = nil) -> Response {
        var response = json(failureBody(error), status: .init(code: error.statusCode, reasonPhrase: error.error))
        if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
        return response
    }

    /// Body of a failure.
    static func failureBody(_ error: ErrorResponse) -> [UInt8] {
        (try? JSONCoding.encode(error)) ?? Array("{}".utf8)
    }

    /// Makes an answer the last one of its connection: a body that was not read leaves it unusable for another request.
    ///
    /// What was sent behind the request may have been read already, and would be executed without an answer: so this
    /// one ends with the connection, which ``ConnectionGuard`` closes, and with an error, which ends the server's loop.
    static func makeLast(_ response: inout Response, on channel: any Channel) {
        response.headers[.connection] = "close"
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            try await channel.closeFuture.get()
            throw ConnectionEnded()
        }
    }

    /// A worker's reply.
    static func reply(_ reply: Reply) -> Response {
        var response = json(reply.body, status: .init(code: reply.statusCode))
        if let seconds = reply.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
        if reply.isReplayed { response.headers[.idempotentReplayed] = "true" }
        return response
    }
}

/// The connection's last answer was given.
struct ConnectionEnded: Error {}
