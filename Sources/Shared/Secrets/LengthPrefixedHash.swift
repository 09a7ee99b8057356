import Crypto

/// SHA-256 of several texts, each with its length before it, so that no two lists run together.
enum LengthPrefixedHash {
    /// The 32 bytes.
    static func digest(of parts: [String]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count + 8 })
        for part in parts {
            text.append(contentsOf: String(part.utf8.count).utf8)
            text.append(UInt8(ascii: ":"))
            text.append(contentsOf: part.utf8)
        }
        return Array(SHA256.hash(data: text))
    }
}
