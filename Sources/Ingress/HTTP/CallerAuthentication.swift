import Crypto
import Shared

/// Checks API keys; without any configured key every caller is let in.
struct CallerAuthentication: Sendable {
    private let digests: [[UInt8]]

    private static let fingerprintBytes = 16

    init(keys: [Secret<String>]) {
        digests = keys.map { Array(SHA256.hash(data: Array($0.exposed.utf8))) }
    }

    /// Who calls: the key's fingerprint, else the address; `nil` when a key is needed and missing or wrong.
    ///
    /// The fingerprint is the same in every process and wherever the key stands in the list: callers are recognised
    /// by it for as long as answers to idempotency keys are kept, over restarts and changes of the list.
    /// All keys are compared, as digests of equal length, so the time tells nothing.
    func caller(authorization: String?, address: String) -> String? {
        guard !digests.isEmpty else { return "address:" + address }
        let prefix = "Bearer "
        guard let authorization, authorization.hasPrefix(prefix) else { return nil }
        let digest = Array(SHA256.hash(data: Array(authorization.dropFirst(prefix.count).utf8)))
        var isFound = false
        for known in digests {
            let difference = zip(known, digest).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { isFound = true }
        }
        return isFound ? "key:" + Hexadecimal.encode(digest.prefix(Self.fingerprintBytes)) : nil
    }
}
