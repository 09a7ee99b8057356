/// Random identifiers shaped like those of real providers.
enum Identifier {
    private static let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    /// `prefix` followed by 24 random lower-case letters and digits.
    static func make(_ prefix: String) -> String {
        var characters = Array(prefix.utf8)
        for _ in 0..<2 {
            var random = UInt64.random(in: .min ... .max)
            for _ in 0..<12 {
                characters.append(alphabet[Int(random % 36)])
                random /= 36
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
