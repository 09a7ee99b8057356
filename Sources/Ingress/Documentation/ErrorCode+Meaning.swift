import Shared

extension ErrorCode {
    /// One sentence for whoever receives the code.
    var meaning: String {
        switch self {
        case .invalidJSON: "The body is not a JSON object in UTF-8, or is nested too deeply."
        case .invalidField: "Fields of the body are missing or invalid; details names all of them."
        case .invalidParameter: "Query parameters or headers are missing or invalid; details names all of them."
        case .unauthorized: "The API key is missing or wrong."
        case .invalidSignature: "The callback's signature is missing, wrong or too old."
        case .unknownRoute: "There is no such path."
        case .unknownProvider: "There is no such provider."
        case .providerNotEnabled: "The provider is not enabled here."
        case .unknownPaymentMethod: "The provider has no such payment method."
        case .unknownTransaction: "The provider does not know the payment."
        case .methodNotAllowed: "The path takes other HTTP methods, which the header Allow lists."
        case .requestTimeout: "The request did not arrive completely in time."
        case .requestStillRunning: "An earlier request with this Idempotency-Key still runs; repeat to wait again."
        case .bodyTooLarge: "The body is larger than the limit."
        case .unsupportedMediaType: "The body must be application/json."
        case .idempotencyKeyReused: "The Idempotency-Key was used before, with another body or payment method."
        case .paymentMismatch: "The payment exists with another amount, method, operation or products."
        case .tooManyRequests: "The caller's share of the service is used up; repeat after Retry-After."
        case .internalError: "A fault of this service."
        case .operationNotSupported: "The provider does not have this operation; message says which do."
        case .providerError: "The provider answered with an error of its own or something unusable."
        case .notStored: "The request was provably not accepted; repeating it is safe."
        case .overloaded: "The service is at its limit; nothing was done, repeating is safe."
        case .providerUnavailable: "The provider cannot be reached; nothing was done, repeating is safe."
        case .outcomeUnknown: "No answer in time: the outcome is not known; message says how to repeat."
        }
    }
}
