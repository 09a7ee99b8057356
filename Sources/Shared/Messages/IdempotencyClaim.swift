/// Who asks for what, and by which key the caller wants to be known again; all of it as hashes.
public struct IdempotencyClaim: Sendable, Hashable {
    /// Hash of caller, provider, operation and payment: 32 hexadecimal digits.
    ///
    /// The same key of another scope is another key.
    public var scope: String
    /// Hash of scope and the caller's `Idempotency-Key`, 64 hexadecimal digits; `nil` without the header.
    public var keyHash: String?
    /// The command that the caller names as its key, to join it.
    public var joins: CommandID?

    /// Makes the claim of a request.
    ///
    /// - Parameters:
    ///   - caller: what the caller is known by; only its hash is kept.
    ///   - key: the header's value.
    public init(
        caller: String, provider: ProviderName, operation: Operation, reference: PaymentReference, key: String? = nil
    ) {
        let parts = [
            caller, provider.value, operation.rawValue, reference.shopTransactionID ?? "", reference.paymentID ?? "",
        ]
        scope = String(Self.fingerprint(parts).prefix(32))
        keyHash = key.map { Self.fingerprint([scope, $0]) }
        joins = key.flatMap(CommandID.init)
    }

    /// Takes the parts as they stand in a command; `nil` when a hash is not one.
    public init?(scope: String, keyHash: String?, joins: CommandID?) {
        guard Self.isHash(scope, digits: 32), keyHash.map({ Self.isHash($0, digits: 64) }) ?? true else { return nil }
        self.scope = scope
        self.keyHash = keyHash
        self.joins = joins
    }

    private static func isHash(_ text: String, digits: Int) -> Bool {
        text.utf8.count == digits
            && text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }
    }

    /// SHA-256 of parts, each with its length before it, so that no two lists run together: 64 hexadecimal digits.
    public static func fingerprint(_ parts: [String]) -> String {
        Hexadecimal.encode(LengthPrefixedHash.digest(of: parts))
    }
}
