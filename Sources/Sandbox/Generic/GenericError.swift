/// An error answer of the demonstration provider.
struct GenericError: Error, Sendable {
    /// HTTP status.
    let status: Int
    /// Machine-readable code.
    let code: String
    /// Text for a developer.
    let message: String
    /// The parameter at fault.
    var field: String?

    /// 400 `invalid_request` about one field.
    static func invalid(_ field: String, _ message: String) -> GenericError {
        GenericError(status: 400, code: "invalid_request", message: message, field: field)
    }

    /// 404 `not_found`.
    static let notFound = GenericError(status: 404, code: "not_found", message: "There is no such object.")

    /// 409 `conflict`: the payment's status does not allow the operation.
    static func conflict(_ status: GenericPayment.Status) -> GenericError {
        GenericError(
            status: 409, code: "conflict", message: "The payment is \(status.rawValue).", field: nil)
    }

    /// The answer on the wire.
    var answer: SimulatedAnswer {
        .json(
            status, ["error": ["code": .string(code), "message": .string(message), "field": .text(field)]])
    }
}
