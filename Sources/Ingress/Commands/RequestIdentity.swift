import HTTPTypes
import Shared

/// Who asks, and by which key the request wants to be known again.
struct RequestIdentity: Sendable {
    /// What the caller is known by.
    let caller: String
    /// Value of the header `Idempotency-Key`, where there is one.
    let key: String?

    /// Most characters of a key.
    static let keyLengthMax = 255
    /// What a key must be.
    static let keyExpectation = "must have 1 to \(keyLengthMax) printable ASCII characters"

    init(caller: String, key: String? = nil) {
        self.caller = caller
        self.key = key
    }

    /// Reads the key from a request's header fields.
    init(caller: String, fields: HTTPFields) throws(ErrorResponse) {
        let keys = fields[values: .idempotencyKey]
        if keys.count > 1 { throw Self.refusal("must be given once") }
        if let key = keys.first, !Self.isWellFormed(key) { throw Self.refusal(Self.keyExpectation) }
        self.init(caller: caller, key: keys.first)
    }

    /// The identifier of a payment for which the request has none.
    ///
    /// Every repeat must name the same payment, and run in its lane: with a key that is a command's id that command's
    /// payment, with any other key one that is made from it, and without a key, which no repeat can be told by, the
    /// request's own.
    func shopTransactionID(command id: CommandID, provider: ProviderName) -> String {
        guard let key else { return id.value }
        return (CommandID(key) ?? .derived(from: ["payment", caller, provider.value, key])).value
    }

    private static func isWellFormed(_ key: String) -> Bool {
        let bytes = key.utf8
        return (1...keyLengthMax).contains(bytes.count) && bytes.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }
    }

    private static func refusal(_ issue: String) -> ErrorResponse {
        .invalidFields([FieldIssue(field: IdempotencyHeaderName.key, issue: issue)], code: .invalidParameter)
    }
}
