/// One invalid field of a request.
public struct FieldIssue: Sendable, Hashable, Codable {
    /// Path of the field: `amount`, `products[0].quantity`, a query parameter or a header.
    public var field: String
    /// What is wrong with it, never with its value.
    public var issue: String

    /// Names a field and what is wrong with it.
    public init(field: String, issue: String) {
        self.field = field
        self.issue = issue
    }
}

/// Body of every failure.
public struct ErrorResponse: Error, Sendable, Hashable, Codable {
    /// The HTTP status.
    public var statusCode: Int
    /// The standard name of the status.
    public var error: String
    /// The cause, from a fixed list.
    public var code: ErrorCode
    /// What was wrong and what was expected, for people.
    public var message: String
    /// All invalid fields at once; absent where the failure is not about fields.
    public var details: [FieldIssue]?
    /// Identifier of the request, also in the header `X-Request-Id`.
    public var requestId: String?
    /// The command whose outcome is unknown (504).
    public var commandID: CommandID?
    /// Whether sending the same request again cannot make the effect twice (504).
    public var repeatIsSafe: Bool?

    /// Makes a failure; status and its name follow from the code.
    public init(_ code: ErrorCode, _ message: String, details: [FieldIssue]? = nil) {
        self.statusCode = code.statusCode
        self.error = code.statusText
        self.code = code
        self.message = message
        self.details = details
    }

    /// A 400 that names every invalid field; the message is the first one's.
    public static func invalidFields(_ issues: [FieldIssue], code: ErrorCode = .invalidField) -> ErrorResponse {
        let first = issues.first.map { "\($0.field): \($0.issue)" } ?? "the request is invalid"
        let more = issues.count > 1 ? " (and \(issues.count - 1) more, see details)" : ""
        return ErrorResponse(code, first + more, details: issues)
    }
}
