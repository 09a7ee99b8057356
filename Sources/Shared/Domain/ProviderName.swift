/// Name of a payment provider as it stands in paths, topics and metrics: lower-case letters, digits and hyphens.
public struct ProviderName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name, `stripe` or `generic-provider` for instance.
    public let value: String

    /// Takes 1 to 40 lower-case ASCII letters, digits and hyphens; anything else gives `nil`.
    public init?(_ value: String) {
        let isWellFormed = value.utf8.allSatisfy { byte in
            (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == UInt8(ascii: "-")
        }
        guard isWellFormed, (1...40).contains(value.utf8.count) else { return nil }
        self.value = value
    }

    /// Names a provider in source code.
    public init(_ literal: StaticString) {
        self.value = literal.description
    }

    /// The name.
    public var description: String { value }

    /// Beginning of the names of the provider's settings: `GENERIC_PROVIDER` for `generic-provider`.
    public var settingPrefix: String {
        value.uppercased().replacing("-", with: "_")
    }

    /// Orders by name.
    public static func < (left: ProviderName, right: ProviderName) -> Bool {
        left.value < right.value
    }
}

extension ProviderName: Codable {
    /// Reads the name; an ill-formed one is a decoding error.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = ProviderName(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a provider name")
        }
        self = name
    }

    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
