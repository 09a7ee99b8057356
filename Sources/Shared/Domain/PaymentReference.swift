/// The identifiers by which a payment is known: the merchant's own, the provider's, or both.
public struct PaymentReference: Sendable, Hashable, Codable {
    /// The merchant's own identifier, chosen by the caller of `pay`.
    public var shopTransactionID: String?
    /// The identifier that the provider gave and `pay` returned.
    public var paymentID: String?

    /// Names a payment by what is known of it.
    public init(shopTransactionID: String? = nil, paymentID: String? = nil) {
        self.shopTransactionID = shopTransactionID
        self.paymentID = paymentID
    }

    /// Most characters that an identifier may have.
    public static let lengthMax = 128

    /// Whether a text is an identifier: 1 to 128 printable ASCII characters.
    public static func isWellFormed(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...lengthMax).contains(bytes.count) && bytes.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }
    }
}

extension PaymentReference: JSONWritable {
    /// Writes the identifiers that are known.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        json.object { json in
            json.member("paymentID", paymentID)
            json.member("shopTransactionID", shopTransactionID)
        }
    }
}

/// The key by which commands are ordered: commands of one lane run one after the other, lanes run concurrently.
///
/// It is the Kafka key of a command. The prefix keeps the kinds of identifiers apart.
public struct Lane: Sendable, Hashable {
    /// `s:` and a shop transaction id, `p:` and a payment id, or `c:` and a command id.
    public let key: String

    /// Takes a record's key; `nil` for one that is no lane.
    public init?(key: String) {
        guard ["s:", "p:", "c:", "k:"].contains(where: { key.hasPrefix($0) && key.utf8.count > 2 }) else { return nil }
        self.key = key
    }

    private init(unchecked key: String) { self.key = key }

    /// The payment whose home the lane is; `nil` for another lane.
    public var shopTransactionID: String? { key.hasPrefix("s:") ? String(key.dropFirst(2)) : nil }

    /// The lane of requests that name no payment and carry an idempotency key, by its hash.
    public static func claim(_ keyHash: String) -> Lane { Lane(unchecked: "k:" + keyHash) }
    /// The home lane of a payment.
    public static func shopTransaction(_ id: String) -> Lane { Lane(unchecked: "s:" + id) }
    /// The lane of an operation that is documented with the provider's identifier.
    public static func payment(_ id: String) -> Lane { Lane(unchecked: "p:" + id) }
    /// The lane of a request that names no payment.
    public static func command(_ id: CommandID) -> Lane { Lane(unchecked: "c:" + id.value) }

    /// The lane of a command: by shop transaction id where there is one, else by payment id, else by the command that
    /// its caller joins, by its idempotency key, or by its own id.
    public static func of(
        _ reference: PaymentReference, command: CommandID, claim: IdempotencyClaim? = nil
    ) -> Lane {
        if let shopTransactionID = reference.shopTransactionID { return .shopTransaction(shopTransactionID) }
        if let paymentID = reference.paymentID { return .payment(paymentID) }
        if let joined = claim?.joins { return .command(joined) }
        return claim?.keyHash.map { .claim($0) } ?? .command(command)
    }
}
