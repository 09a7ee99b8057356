import Crypto
import Shared

/// Checks API keys; without any configured key every caller is let in.
struct CallerAuthentication: Sendable {
    private let digests: [[UInt8]]

    init(keys: [Secret<String>]) {
        digests = keys.map { Array(SHA256.hash(data: Array($0.exposed.utf8))) }
    }

    /// Who calls: the key's place in the list, else the address; `nil` when a key is needed and missing or wrong.
    ///
    /// All keys are compared, as digests of equal length, so the time tells nothing.
    func caller(authorization: String?, address: String) -> String? {
        guard !digests.isEmpty else { return "address:" + address }
        let prefix = "Bearer "
        guard let authorization, authorization.hasPrefix(prefix) else { return nil }
        let digest = Array(SHA256.hash(data: Array(authorization.dropFirst(prefix.count).utf8)))
        var found: Int?
        for (index, known) in digests.enumerated() {
            let difference = zip(known, digest).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { found = index }
        }
        return found.map { "key:\($0)" }
    }
}
