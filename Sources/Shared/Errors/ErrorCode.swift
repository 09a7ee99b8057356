/// The fixed list of codes in ``ErrorResponse``, each with its HTTP status; also a bounded metric label.
public enum ErrorCode: String, Sendable, Codable, CaseIterable {
    /// The body is not JSON, or not a JSON object.
    case invalidJSON = "INVALID_JSON"
    /// A field of the body is missing or invalid.
    case invalidField = "INVALID_FIELD"
    /// A query parameter or header is missing or invalid.
    case invalidParameter = "INVALID_PARAMETER"
    /// The API key is missing or wrong.
    case unauthorized = "UNAUTHORIZED"
    /// The callback's signature does not verify.
    case invalidSignature = "INVALID_SIGNATURE"
    /// No such path.
    case unknownRoute = "UNKNOWN_ROUTE"
    /// No such provider.
    case unknownProvider = "UNKNOWN_PROVIDER"
    /// The provider exists and is not enabled here.
    case providerNotEnabled = "PROVIDER_NOT_ENABLED"
    /// The provider has no such payment method.
    case unknownPaymentMethod = "UNKNOWN_PAYMENT_METHOD"
    /// The provider does not know the transaction.
    case unknownTransaction = "UNKNOWN_TRANSACTION"
    /// The path exists, with other methods.
    case methodNotAllowed = "METHOD_NOT_ALLOWED"
    /// The request did not arrive in time.
    case requestTimeout = "REQUEST_TIMEOUT"
    /// The first request with this idempotency key is still running.
    case requestStillRunning = "REQUEST_STILL_RUNNING"
    /// The body is larger than the limit.
    case bodyTooLarge = "BODY_TOO_LARGE"
    /// The body is not `application/json`.
    case unsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
    /// The idempotency key was used with another body or payment method.
    case idempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED"
    /// The payment exists with another amount, method, operation or products.
    case paymentMismatch = "PAYMENT_MISMATCH"
    /// The caller's share of the service is used up.
    case tooManyRequests = "TOO_MANY_REQUESTS"
    /// A fault of this service.
    case internalError = "INTERNAL_ERROR"
    /// The provider does not have this operation.
    case operationNotSupported = "OPERATION_NOT_SUPPORTED"
    /// The provider answered with an error of its own or something unusable.
    case providerError = "PROVIDER_ERROR"
    /// The broker provably did not store the command.
    case notStored = "NOT_STORED"
    /// The service is at its limit.
    case overloaded = "OVERLOADED"
    /// The provider cannot be reached; nothing was executed.
    case providerUnavailable = "PROVIDER_UNAVAILABLE"
    /// The outcome is not known.
    case outcomeUnknown = "OUTCOME_UNKNOWN"

    /// The HTTP status that goes with the code.
    public var statusCode: Int {
        switch self {
        case .invalidJSON, .invalidField, .invalidParameter: 400
        case .unauthorized, .invalidSignature: 401
        case .unknownRoute, .unknownProvider, .providerNotEnabled, .unknownPaymentMethod, .unknownTransaction: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .requestStillRunning: 409
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .idempotencyKeyReused, .paymentMismatch: 422
        case .tooManyRequests: 429
        case .internalError: 500
        case .operationNotSupported: 501
        case .providerError: 502
        case .notStored, .overloaded, .providerUnavailable: 503
        case .outcomeUnknown: 504
        }
    }

    /// The standard name of the HTTP status.
    public var statusText: String {
        switch statusCode {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Internal Server Error"
        }
    }
}
