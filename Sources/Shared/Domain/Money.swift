/// An amount of money as an integer of minor units (cents) with its currency; never a floating-point number.
public struct Money: Sendable, Hashable, Codable {
    /// The amount in the currency's minor unit: 500 is 5.00 EUR.
    ///
    /// Never negative when parsed.
    public let minorUnits: Int64
    /// The currency that `minorUnits` counts.
    public let currency: Currency

    /// Takes an amount that is already in minor units.
    public init(minorUnits: Int64, currency: Currency = .euro) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// Most digits that an amount may have before the decimal point.
    public static let integerDigitsMax = 10

    /// Parses the API's decimal string: 1 to 10 digits, optionally a point and 1 to as many decimals as the currency
    /// has.
    ///
    /// | text | currency | minor units |
    /// | --- | --- | --- |
    /// | `5.00` | EUR | 500 |
    /// | `2` | EUR | 200 |
    /// | `0.5` | EUR | 50 |
    /// | `12` | JPY | 12 |
    /// | `5,00`, `+5`, `5.`, `.5`, `5.001`, `1e3`, empty | EUR | error |
    public static func parse(_ text: String, currency: Currency = .euro) throws(MoneyFormatError) -> Money {
        var whole: Int64 = 0
        var wholeDigits = 0
        var fraction: Int64 = 0
        var fractionDigits = 0
        var pointSeen = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "."), !pointSeen, wholeDigits > 0 {
                pointSeen = true
                continue
            }
            guard byte >= 0x30, byte <= 0x39 else { throw .notADecimal }
            let digit = Int64(byte - 0x30)
            if pointSeen {
                fractionDigits += 1
                guard fractionDigits <= currency.minorUnitDigits else { throw .tooManyDecimals }
                fraction = fraction * 10 + digit
            } else {
                wholeDigits += 1
                guard wholeDigits <= integerDigitsMax else { throw .tooLarge }
                whole = whole * 10 + digit
            }
        }
        guard wholeDigits > 0 else { throw .notADecimal }
        guard !pointSeen || fractionDigits > 0 else { throw .notADecimal }
        for _ in 0..<currency.minorUnitDigits { whole *= 10 }
        for _ in fractionDigits..<currency.minorUnitDigits { fraction *= 10 }
        return Money(minorUnits: whole + fraction, currency: currency)
    }

    /// The amount with a decimal point and all decimals of its currency: `5.00`, `0.05`, `12` for JPY.
    public var decimalString: String {
        let digits = currency.minorUnitDigits
        let magnitude = String(minorUnits.magnitude)
        let sign = minorUnits < 0 ? "-" : ""
        guard digits > 0 else { return sign + magnitude }
        let padded = String(repeating: "0", count: max(0, digits + 1 - magnitude.count)) + magnitude
        return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}

extension Money: JSONWritable {
    /// Writes code and minor units.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        json.object { json in
            json.member("currency", currency.code)
            json.member("minorUnits", minorUnits)
        }
    }
}

extension Money: JSONReadable {
    init(_ json: JSONMembers) throws(JSONError) {
        minorUnits = try json.integer("minorUnits")
        currency = try json.value("currency") { Currency(code: $0) }
    }
}

/// Why a string is not an amount.
public enum MoneyFormatError: String, Error, Sendable {
    /// Not digits with at most one decimal point between digits.
    case notADecimal = "not a decimal string"
    /// More decimals than the currency has.
    case tooManyDecimals = "too many decimals"
    /// More than ten digits before the decimal point.
    case tooLarge = "too large"
}
