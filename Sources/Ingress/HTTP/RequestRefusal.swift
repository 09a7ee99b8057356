import NIOHTTP1
import Shared

/// Why a request is given up before it has arrived.
enum RequestRefusal: Sendable, Hashable {
    /// It took too long.
    case timeout
    /// This part of it is not HTTP/1.1 as this service reads it.
    case malformed(field: String, issue: String)

    /// What is wrong with the bytes that a decoder could not read.
    init(_ error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            self = .malformed(field: "headers", issue: "are too many or too long")
        case HTTPParserError.invalidHeaderToken:
            self = .malformed(field: "headers", issue: "are ill-formed")
        case HTTPParserError.invalidMethod:
            self = .malformed(field: "method", issue: "is none that HTTP has")
        case HTTPParserError.invalidURL, HTTPParserError.invalidPath, HTTPParserError.invalidHost,
            HTTPParserError.invalidQueryString:
            self = .malformed(field: "path", issue: "has characters that must be percent-encoded")
        case HTTPParserError.invalidVersion, HTTPParserError.invalidConstant:
            self = .malformed(field: "version", issue: "must be HTTP/1.1 or HTTP/1.0")
        case HTTPParserError.invalidContentLength, HTTPParserError.unexpectedContentLength:
            self = .malformed(field: "Content-Length", issue: "must be one whole number, without Transfer-Encoding")
        case HTTPParserError.invalidChunkSize:
            self = .malformed(field: "body", issue: "has an ill-formed chunk")
        default:
            self = .malformed(field: "request", issue: "is not well-formed HTTP/1.1")
        }
    }

    /// The answer's body, without the request's id.
    var response: ErrorResponse {
        switch self {
        case .timeout: ErrorResponse(.requestTimeout, "the request did not arrive completely in time")
        case .malformed(let field, let issue):
            .invalidFields([FieldIssue(field: field, issue: issue)], code: .invalidParameter)
        }
    }
}
