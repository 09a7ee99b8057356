import Foundation
import HTTPTypes

/// A request read completely, addressed relative to whoever answers it.
struct SimulatedRequest: Sendable {
    /// The HTTP method, `GET` or `DELETE` for instance.
    let method: String
    /// Decoded path components after the answerer's own prefix.
    let path: [String]
    /// Decoded query in the order sent.
    let query: [FormField]
    /// All headers.
    let headers: HTTPFields
    /// The raw body.
    let body: [UInt8]
    /// When the request had been read.
    let receivedAt: Date

    /// The same request without its first path components.
    func droppingPath(_ count: Int) -> SimulatedRequest {
        SimulatedRequest(
            method: method, path: Array(path.dropFirst(count)), query: query, headers: headers, body: body,
            receivedAt: receivedAt)
    }

    /// The first value of a header; nil when the header is absent.
    func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }

    /// The media type of the body in lower case without parameters; nil when not stated.
    var mediaType: String? {
        header("Content-Type")?.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// What makes two requests the same to an idempotency key: method, path and body.
    var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(method)
        hasher.combine(path)
        hasher.combine(body)
        return hasher.finalize()
    }
}
