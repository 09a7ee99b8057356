import Crypto

/// SHA-256 of several texts, each with its length before it, so that no two lists run together.
enum LengthPrefixedHash {
    /// The 32 bytes.
    static func digest(of parts: [String]) -> [UInt8] {
        var hash = SHA256()
        for part in parts {
            hash.update(data: Array("\(part.utf8.count):".utf8))
            hash.update(data: Array(part.utf8))
        }
        return Array(hash.finalize())
    }
}
