/// Makes the `webhook-id` of a notification.
public enum WebhookID {
    /// What tells one event of a payment from another.
    public struct Event: Sendable, Hashable {
        /// The provider.
        public var provider: ProviderName
        /// The merchant's identifier.
        public var shopTransactionID: String
        /// The provider's identifier.
        public var paymentID: String
        /// Kind of event, `payment` or `renewal`.
        public var kind: String
        /// The provider's id of the occurrence, an invoice for instance; empty where there is one only.
        public var occurrence: String
        /// The final status.
        public var status: PaymentStatus

        /// Describes an event.
        public init(
            provider: ProviderName, shopTransactionID: String, paymentID: String, kind: String, occurrence: String,
            status: PaymentStatus
        ) {
            self.provider = provider
            self.shopTransactionID = shopTransactionID
            self.paymentID = paymentID
            self.kind = kind
            self.occurrence = occurrence
            self.status = status
        }
    }

    /// `msg_` and 32 hexadecimal digits: the first half of the SHA-256 of the event's parts, each with its length
    /// before it, so that no two different events run together.
    public static func make(for event: Event, attempt: Int) -> String {
        let parts = [
            event.provider.value, event.shopTransactionID, String(attempt), event.paymentID, event.kind,
            event.occurrence, event.status.rawValue,
        ]
        return "msg_" + Hexadecimal.encode(LengthPrefixedHash.digest(of: parts).prefix(16))
    }
}

/// Lower-case hexadecimal text.
public enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Two digits for each byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
