public import Shared

/// One effect at a provider: what was asked, how far it is, and what became of it.
///
/// The content of its journal entry.
public struct EffectState: Sendable, Hashable, Codable {
    /// The command that asks for it.
    public var commandID: CommandID
    /// What is asked of the provider.
    public var operation: Operation
    /// The payment method's name.
    public var paymentMethod: String?
    /// The payment.
    public var reference: PaymentReference
    /// The amount, where the request has one.
    public var amount: Money?
    /// Key of the lane in which it is worked on.
    public var lane: String
    /// The request, to be sent again just as it was; gone once it is settled.
    public var request: [String: JSONValue]?
    /// Code of the canonical request: who repeats it must mean the same.
    public var requestCode: String
    /// ``IdempotencyClaim/scope``; `nil` for effects without a caller.
    public var scope: String?
    /// ``IdempotencyClaim/keyHash``: the caller's key, by which the effect is found again.
    public var claim: String?
    /// The key under which the provider knows it.
    public var providerKey: String
    /// Unix milliseconds at which it was attempted first: the life of the provider's key counts from here.
    public var firstAttemptedAtMilliseconds: Int64
    /// Longest time that the attempt takes with all its repeats, counted from when its record is read.
    public var durationMilliseconds: Int64
    /// Unix milliseconds until which the caller waits for the answer.
    public var deadlineMilliseconds: Int64?
    /// What the provider's client noted between two requests of the flow.
    public var progress: JSONValue?
    /// What became of it; `nil` while that is not known.
    public var answer: RecordedAnswer?
    /// Whether the provider keeps an error of its own under ``providerKey``: the same request gives that error again.
    public var isErrorKept: Bool?
    /// Whether its caller was answered that the outcome is unknown, or could not be answered: whoever settles it tells
    /// the merchant.
    public var isUntold: Bool?

    /// Effects of one group exclude each other: those of one operation in one lane.
    var group: String { Self.group(of: operation, lane: lane) }

    /// The group's name, short and without identifiers.
    static func group(of operation: Operation, lane: String) -> String {
        String(IdempotencyClaim.fingerprint([operation.rawValue, lane]).prefix(16))
    }
}

/// The answer to a caller as it was recorded, to be given again word for word.
public struct RecordedAnswer: Sendable, Hashable, Codable {
    /// Whether something happened at the provider.
    public enum Effect: String, Sendable, Hashable, Codable {
        /// It did.
        case happened
        /// It did not, and will not.
        case none
    }

    /// HTTP status.
    public var statusCode: Int
    /// JSON body.
    public var body: String
    /// `Retry-After`.
    public var retryAfterSeconds: Int?
    /// `OK`, `KO`, a status or an error code.
    public var label: String
    /// Identifiers that the provider told.
    public var found: PaymentReference
    /// Whether something happened.
    public var effect: Effect
    /// Unix milliseconds at which it was recorded.
    public var settledAtMilliseconds: Int64

    /// Whether the outcome is that of the provider; otherwise the request may be made again as a new one.
    public var isProviderOutcome: Bool { statusCode < 500 }
}

extension EffectState: JSONWritable {
    /// Writes what is known.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            try json.member("amount", amount)
            try json.member("answer", answer)
            json.member("claim", claim)
            json.member("commandID", commandID.value)
            json.member("deadlineMilliseconds", deadlineMilliseconds)
            json.member("durationMilliseconds", durationMilliseconds)
            json.member("firstAttemptedAtMilliseconds", firstAttemptedAtMilliseconds)
            if isErrorKept == true { json.member("isErrorKept", true) }
            if isUntold == true { json.member("isUntold", true) }
            json.member("lane", lane)
            json.member("operation", operation.rawValue)
            json.member("paymentMethod", paymentMethod)
            try json.member("progress", progress)
            json.member("providerKey", providerKey)
            try json.member("reference", reference)
            try json.member("request", request.map { .object($0) })
            json.member("requestCode", requestCode)
            json.member("scope", scope)
        }
    }
}

extension RecordedAnswer: JSONWritable {
    /// Writes the answer.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            json.member("body", body)
            json.member("effect", effect.rawValue)
            try json.member("found", found)
            json.member("label", label)
            json.member("retryAfterSeconds", retryAfterSeconds)
            json.member("settledAtMilliseconds", settledAtMilliseconds)
            json.member("statusCode", statusCode)
        }
    }
}
