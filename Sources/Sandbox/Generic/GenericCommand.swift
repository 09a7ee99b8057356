/// What a request to the demonstration provider asks for, completely validated.
enum GenericCommand: Sendable {
    case create(NewPayment)
    case list(reference: String)
    case get(id: String)
    case capture(id: String, amount: Int, captureReference: String?)
    case expire(id: String)
    case void(id: String, voidReference: String?)
    case refund(id: String, amount: Int, refundReference: String)
    case listRefunds(id: String)
    case openSession(NewSession)
    case getSession(token: String)

    /// The body of `POST /v1/payments`.
    struct NewPayment: Sendable {
        let amount: Int
        let currency: String
        let reference: String
        let method: String
        let token: String?
        let callback: GenericPayment.Callback
        let successURL: String?
        let failureURL: String?
        let isManualCapture: Bool
        let recurrence: GenericRecurrence?
        let attemptReference: String?
    }

    /// The body of `POST /v1/sessions`.
    struct NewSession: Sendable {
        let amount: Int
        let currency: String
        let reference: String
        let attemptReference: String?
    }

    /// The operation in the words of faults, and the id or token in the path; `other` for an unknown path.
    static func route(of request: SimulatedRequest) -> (operation: String, id: String) {
        let path = request.path
        let id = path.count > 2 ? path[2] : ""
        guard path.count >= 2, path[0] == "v1" else { return ("other", id) }
        switch (request.method, path[1], path.count, path.count > 3 ? path[3] : "") {
        case ("POST", "payments", 2, _): return ("create", id)
        case ("GET", "payments", 2, _): return ("list", id)
        case ("GET", "payments", 3, _): return ("get", id)
        case ("POST", "payments", 4, "captures"): return ("capture", id)
        case ("POST", "payments", 4, "expire"): return ("expire", id)
        case ("POST", "payments", 4, "void"): return ("void", id)
        case ("POST", "payments", 4, "refunds"): return ("refund", id)
        case ("GET", "payments", 4, "refunds"): return ("listRefunds", id)
        case ("POST", "sessions", 2, _): return ("openSession", id)
        case ("GET", "sessions", 3, _): return ("getSession", id)
        default: return ("other", id)
        }
    }

    /// Reads and validates a request.
    init(_ request: SimulatedRequest) throws(GenericError) {
        let (operation, id) = Self.route(of: request)
        for field in request.query where !(operation == "list" && field.name == "reference") {
            throw .invalid(field.name, "Unknown parameter.")
        }
        switch operation {
        case "list":
            guard let reference = request.query["reference"] else { throw .invalid("reference", "Missing.") }
            self = .list(reference: reference)
        case "get": self = .get(id: id)
        case "listRefunds": self = .listRefunds(id: id)
        case "getSession": self = .getSession(token: id)
        case "create": self = .create(try Self.newPayment(JSONParser.parse(request.body)))
        case "expire":
            _ = try GenericParameters(JSONParser.parse(request.body), allowed: [])
            self = .expire(id: id)
        case "void":
            let fields = try GenericParameters(JSONParser.parse(request.body), allowed: ["voidReference"])
            self = .void(id: id, voidReference: try fields.optionalText("voidReference"))
        case "capture":
            let fields = try GenericParameters(JSONParser.parse(request.body), allowed: ["amount", "captureReference"])
            self = .capture(
                id: id, amount: try fields.amount("amount", minimum: 1),
                captureReference: try fields.optionalText("captureReference"))
        case "refund":
            let fields = try GenericParameters(JSONParser.parse(request.body), allowed: ["amount", "refundReference"])
            self = .refund(
                id: id, amount: try fields.amount("amount", minimum: 1),
                refundReference: try fields.text("refundReference"))
        case "openSession": self = .openSession(try Self.newSession(JSONParser.parse(request.body)))
        default: throw .notFound
        }
    }

    private static func newSession(_ json: JSONValue?) throws(GenericError) -> NewSession {
        let fields = try GenericParameters(
            json, allowed: ["amount", "currency", "reference", "userToken", "attemptReference"])
        _ = try fields.optionalText("userToken")
        return NewSession(
            amount: try fields.amount("amount", minimum: 0), currency: try fields.currency("currency"),
            reference: try fields.text("reference"), attemptReference: try fields.optionalText("attemptReference"))
    }

    private static func newPayment(_ json: JSONValue?) throws(GenericError) -> NewPayment {
        let fields = try GenericParameters(
            json,
            allowed: [
                "amount", "currency", "reference", "method", "token", "description", "callbackUrl", "callbackMethod",
                "successUrl", "failureUrl", "capture", "recurrence", "attemptReference",
            ])
        _ = try fields.optionalText("description")
        return NewPayment(
            amount: try fields.amount("amount", minimum: 0), currency: try fields.currency("currency"),
            reference: try fields.text("reference"), method: try fields.word("method", ["card", "paypal"]),
            token: try fields.optionalText("token"),
            callback: GenericPayment.Callback(
                url: try fields.url("callbackUrl"),
                method: try fields.word("callbackMethod", ["POST", "GET"], standard: "POST")),
            successURL: try fields.optionalURL("successUrl"), failureURL: try fields.optionalURL("failureUrl"),
            isManualCapture: try fields.word("capture", ["automatic", "manual"], standard: "automatic") == "manual",
            recurrence: try fields.recurrence(), attemptReference: try fields.optionalText("attemptReference"))
    }
}
