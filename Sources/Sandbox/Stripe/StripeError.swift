/// An error answer in Stripe's form.
struct StripeError: Error, Sendable {
    /// HTTP status.
    let status: Int
    /// Stripe's kind of error, `invalid_request_error` for instance.
    var type = "invalid_request_error"
    /// Machine-readable code; nil where Stripe sends none.
    var code: String?
    /// Text for a developer.
    let message: String
    /// The parameter at fault.
    var parameter: String?

    /// 400 about one parameter.
    static func invalid(_ parameter: String?, _ message: String, code: String? = nil) -> StripeError {
        StripeError(status: 400, code: code, message: message, parameter: parameter)
    }

    /// 400 `parameter_missing`.
    static func missing(_ parameter: String) -> StripeError {
        .invalid(parameter, "Missing required param: \(parameter).", code: "parameter_missing")
    }

    /// 400 `parameter_invalid_integer`.
    static func notAnInteger(_ parameter: String, _ value: String) -> StripeError {
        .invalid(parameter, "Invalid integer: \(value)", code: "parameter_invalid_integer")
    }

    /// 404 `resource_missing`; `kind` as Stripe words it, such as `checkout.session`.
    static func noSuch(_ kind: String, _ id: String, parameter: String = "id") -> StripeError {
        StripeError(
            status: 404, code: "resource_missing", message: "No such \(kind): '\(id)'", parameter: parameter)
    }

    /// The answer on the wire.
    var answer: SimulatedAnswer {
        var fields = [
            JSONField(name: "type", value: .string(type)), JSONField(name: "message", value: .string(message)),
        ]
        if let code {
            fields.append(JSONField(name: "code", value: .string(code)))
            let page = code.replacing("_", with: "-")
            fields.append(
                JSONField(name: "doc_url", value: .string("https://stripe.com/docs/error-codes/\(page)")))
        }
        if let parameter { fields.append(JSONField(name: "param", value: .string(parameter))) }
        return .json(status, ["error": .object(fields)])
    }
}
