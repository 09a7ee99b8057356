/// One misbehaviour of the simulated merchant's endpoint that an operator asked for.
struct MerchantFault: Sendable {
    /// What goes wrong.
    enum Kind: String, Sendable {
        case status, hang, cut
    }

    /// Longest time that a notification is held.
    static let maximumMilliseconds = 120_000

    /// What goes wrong.
    let kind: Kind
    /// HTTP status of `status`.
    let status: Int
    /// How long `hang` holds a notification before its connection is closed.
    let duration: Duration
    /// Whether the notification is kept before it goes wrong, so that its sender alone does not know.
    let happensAfterEffect: Bool
    /// Only for notifications of this payment; nil for all.
    let shopTransactionID: String?
    /// Times the fault still happens.
    var remainingCount: Int

    /// Reads the JSON of `POST __faults`; nil when a field is impossible.
    init?(_ json: JSONValue) {
        let kind = json["kind"]?.text ?? Kind.status.rawValue
        let milliseconds = json["milliseconds"]?.integer ?? Self.maximumMilliseconds
        guard let kind = Kind(rawValue: kind), (0...Self.maximumMilliseconds).contains(milliseconds) else { return nil }
        let status = json["status"]?.integer ?? 503
        let count = json["count"]?.integer ?? 1
        guard (400...599).contains(status), count > 0 else { return nil }
        (self.kind, self.status, duration, remainingCount) = (kind, status, .milliseconds(milliseconds), count)
        happensAfterEffect = json["afterEffect"]?.bool ?? false
        shopTransactionID = json["shopTransactionID"]?.text
    }

    /// The fault as its order is answered.
    var description: JSONValue {
        [
            "kind": .string(kind.rawValue), "status": .integer(status), "count": .integer(remainingCount),
            "afterEffect": .bool(happensAfterEffect),
        ]
    }
}
