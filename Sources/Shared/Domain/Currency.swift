/// An ISO 4217 currency: its three-letter code and how many decimals its minor unit has.
public struct Currency: Sendable, Hashable {
    /// Three capital ASCII letters, `EUR` for instance.
    public let code: String

    /// Number of decimals of the minor unit: 2 for EUR (cents), 0 for JPY, 3 for KWD.
    public var minorUnitDigits: Int {
        if Currency.withoutMinorUnit.contains(code) { return 0 }
        return Currency.withThreeDigits.contains(code) ? 3 : 2
    }

    /// The euro, the only currency of payments outside sessions.
    public static let euro = Currency(unchecked: "EUR")

    /// Takes a code of three capital ASCII letters; anything else gives `nil`.
    public init?(code: String) {
        let letters = code.utf8
        guard letters.count == 3, letters.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A }) else { return nil }
        self.code = code
    }

    private init(unchecked code: String) {
        self.code = code
    }

    private static let withoutMinorUnit: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
    ]
    private static let withThreeDigits: Set<String> = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
}

extension Currency: Codable {
    /// Reads the three-letter code; another string is a decoding error.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let currency = Currency(code: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an ISO 4217 code")
        }
        self = currency
    }

    /// Writes the three-letter code.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(code)
    }
}
