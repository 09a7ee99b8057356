import Crypto
import Foundation
public import Shared

/// Signs notifications by Standard Webhooks, scheme `v1`: HMAC-SHA256 over `id.timestamp.body`.
public struct WebhookSigner: Sendable {
    private let keys: [SymmetricKey]

    /// Takes secrets of the form `whsec_<base64>`, each of 24 to 64 bytes; during a rotation two, the newer first.
    /// - Returns: `nil` when one is ill-formed.
    public init?(secrets: [Secret<String>]) {
        var keys: [SymmetricKey] = []
        for secret in secrets {
            let prefix = "whsec_"
            guard secret.exposed.hasPrefix(prefix) else { return nil }
            guard let bytes = Data(base64Encoded: String(secret.exposed.dropFirst(prefix.count))) else { return nil }
            guard (24...64).contains(bytes.count) else { return nil }
            keys.append(SymmetricKey(data: bytes))
        }
        self.keys = keys
    }

    /// Value of `webhook-signature`, one signature for each secret; `nil` without secrets.
    public func signature(id: String, timestampSeconds: Int64, body: [UInt8]) -> String? {
        guard !keys.isEmpty else { return nil }
        let message = Array("\(id).\(timestampSeconds).".utf8) + body
        return keys.map { key in
            "v1," + Data(HMAC<SHA256>.authenticationCode(for: message, using: key)).base64EncodedString()
        }.joined(separator: " ")
    }
}
