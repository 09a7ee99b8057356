import Crypto
import Foundation

/// Verifies Standard Webhooks `v1` signatures, written from their definition.
struct StandardWebhooks: Sendable {
    private let keys: [Data]

    /// Takes `whsec_<base64>` secrets of which any may have signed; undecodable ones verify nothing.
    init(secrets: [String]) {
        keys = secrets.compactMap { secret in
            Data(base64Encoded: secret.hasPrefix("whsec_") ? String(secret.dropFirst(6)) : secret)
        }
    }

    /// Whether one of the signatures in the header belongs to the message; nil when there is no secret to verify with.
    func verify(webhookID: String?, timestamp: String?, signatures: String?, body: [UInt8]) -> Bool? {
        guard !keys.isEmpty else { return nil }
        guard let webhookID, let timestamp, let signatures else { return false }
        let message = Data("\(webhookID).\(timestamp).".utf8) + body
        return signatures.split(separator: " ").contains { signature in
            guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
                return false
            }
            return keys.contains {
                HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: SymmetricKey(data: $0))
            }
        }
    }
}
