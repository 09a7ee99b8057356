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
    /// Two digits for each byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        encode(Array(bytes))
    }

    /// Two digits for each byte.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for index in bytes.indices {
                text[index * 2] = digit(bytes[index] >> 4)
                text[index * 2 + 1] = digit(bytes[index] & 15)
            }
            return bytes.count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}
