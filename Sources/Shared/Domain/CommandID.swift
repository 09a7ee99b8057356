/// Identifier of a command, and of the request that made it: a ULID, 26 characters of Crockford's base 32.
///
/// The first 10 characters are the Unix time in milliseconds, so identifiers sort by age; the other 16 are random.
public struct CommandID: Sendable, Hashable {
    /// The 26 characters, `01J…` for instance.
    public let value: String

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    private static let length = 26

    /// Makes a new identifier for this instant.
    public static func make(atUnixMilliseconds milliseconds: Int64) -> CommandID {
        var generator = SystemRandomNumberGenerator()
        return make(atUnixMilliseconds: milliseconds, using: &generator)
    }

    /// Makes a new identifier with the caller's randomness.
    public static func make(
        atUnixMilliseconds milliseconds: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> CommandID {
        var time = UInt64(clamping: milliseconds)
        var characters = [UInt8](repeating: 0, count: length)
        for index in stride(from: 9, through: 0, by: -1) {
            characters[index] = alphabet[Int(time & 31)]
            time >>= 5
        }
        for half in 0..<2 {
            var bits: UInt64 = generator.next()
            for index in 0..<8 {
                characters[10 + half * 8 + index] = alphabet[Int(bits & 31)]
                bits >>= 5
            }
        }
        return CommandID(unchecked: String(decoding: characters, as: UTF8.self))
    }

    /// An identifier made from texts alone: the same texts in the same order give the same one.
    ///
    /// It names what has to have the same name on every repeat. Its first characters are no time.
    public static func derived(from parts: [String]) -> CommandID {
        var characters: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for byte in LengthPrefixedHash.digest(of: parts) {
            (bits, count) = (bits << 8 | UInt32(byte), count + 8)
            while count >= 5, characters.count < length {
                count -= 5
                characters.append(alphabet[Int(bits >> UInt32(count) & 31)])
            }
            bits &= 31
        }
        return CommandID(unchecked: String(decoding: characters, as: UTF8.self))
    }

    /// Takes 26 characters of the alphabet; anything else gives `nil`.
    public init?(_ value: String) {
        guard value.utf8.count == CommandID.length else { return nil }
        guard value.utf8.allSatisfy(CommandID.isInAlphabet) else { return nil }
        self.value = value
    }

    /// Digits and capital letters without I, L, O and U, which are easily misread.
    private static func isInAlphabet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39: true
        case 0x41...0x5A: byte != 0x49 && byte != 0x4C && byte != 0x4F && byte != 0x55
        default: false
        }
    }

    private init(unchecked value: String) {
        self.value = value
    }
}

extension CommandID: CustomStringConvertible {
    /// The 26 characters.
    public var description: String { value }
}

extension CommandID: Codable {
    /// Reads the 26 characters; another string is a decoding error.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = CommandID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a command id")
        }
        self = id
    }

    /// Writes the 26 characters.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
