/// One misbehaviour an operator asked for.
struct Fault: Sendable {
    /// What goes wrong.
    enum Kind: String, Sendable {
        case latency, status, cutBefore, cutAfter, malformed, hang
        case drop, duplicate, delay, reorder, badSignature

        /// Whether the kind concerns webhooks rather than operations.
        var concernsWebhooks: Bool {
            switch self {
            case .drop, .duplicate, .delay, .reorder, .badSignature: true
            default: false
            }
        }
    }

    /// Longest delay that can be asked for.
    static let maximumMilliseconds = 600_000

    /// Operation name, `webhook`, or `*` for every operation.
    let operation: String
    /// Only for payments with this reference; nil for all.
    let reference: String?
    /// What goes wrong.
    let kind: Kind
    /// Delay of `latency`, `delay` and `hang`.
    let milliseconds: Int?
    /// Longest delay, where each one is to be another; `milliseconds` is the shortest then.
    let millisecondsMax: Int?
    /// HTTP status of `status`.
    let status: Int
    /// Body of `status` or `malformed`.
    let body: [UInt8]?
    /// Value of the `Retry-After` header of `status`.
    let retryAfterSeconds: Int?
    /// Times the fault still happens; nil without end.
    var remainingCount: Int?
    /// Chance of happening each time it could, 0 to 1.
    let probability: Double
    /// Whether `status`, `hang`, `latency` strike after the operation had its effect.
    let happensAfterEffect: Bool

    /// The delay of one strike, zero when none was given.
    var duration: Duration {
        let least = milliseconds ?? 0
        return .milliseconds(Int.random(in: least...max(least, millisecondsMax ?? least)))
    }

    /// What `status` answers.
    var answer: SimulatedAnswer {
        var headers = [FormField(name: "Content-Type", value: "application/json")]
        if let retryAfterSeconds {
            headers.append(FormField(name: "Retry-After", value: String(retryAfterSeconds)))
        }
        let standard: JSONValue = ["error": ["type": "api_error", "code": "simulated_fault", "message": "Simulated."]]
        return SimulatedAnswer(status: status, headers: headers, body: body ?? standard.bytes)
    }

    private static let knownFields: Set<String> = [
        "operation", "reference", "kind", "milliseconds", "millisecondsMax", "status", "body", "retryAfterSeconds",
        "count", "probability", "afterEffect",
    ]

    /// Reads the JSON of `POST __faults`; nil when a field is unknown, missing or out of range.
    init?(_ json: JSONValue) {
        guard let fields = json.fields, fields.allSatisfy({ Self.knownFields.contains($0.name) }),
            let operation = json["operation"]?.text,
            let kind = json["kind"]?.text.flatMap(Kind.init(rawValue:)),
            kind.concernsWebhooks == (operation == "webhook")
        else { return nil }
        let milliseconds = json["milliseconds"]?.integer
        let millisecondsMax = json["millisecondsMax"]?.integer
        let status = json["status"]?.integer ?? 500
        let probability = json["probability"]?.double ?? 1
        let count = json["count"]?.integer ?? (json["probability"] == nil ? 1 : nil)
        let delays = 0...Self.maximumMilliseconds
        guard delays.contains(milliseconds ?? 0), delays.contains(millisecondsMax ?? 0),
            millisecondsMax ?? .max >= milliseconds ?? 0, (200...599).contains(status),
            (0...1).contains(probability), count ?? 1 > 0
        else { return nil }
        self.operation = operation
        self.kind = kind
        self.milliseconds = milliseconds
        self.millisecondsMax = millisecondsMax
        self.status = status
        self.probability = probability
        reference = json["reference"]?.text
        body = json["body"].flatMap { $0 == .null ? nil : $0.text.map { Array($0.utf8) } ?? $0.bytes }
        retryAfterSeconds = json["retryAfterSeconds"]?.integer
        remainingCount = count
        happensAfterEffect = json["afterEffect"]?.bool ?? false
    }

    /// The fault as `GET __faults` shows it.
    var description: JSONValue {
        [
            "operation": .string(operation), "reference": .text(reference), "kind": .string(kind.rawValue),
            "milliseconds": .number(milliseconds), "millisecondsMax": .number(millisecondsMax),
            "status": .integer(status),
            "retryAfterSeconds": .number(retryAfterSeconds), "count": .number(remainingCount),
            "probability": .double(probability), "afterEffect": .bool(happensAfterEffect),
        ]
    }
}
