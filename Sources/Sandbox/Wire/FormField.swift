/// One name and value of a form body or a query.
struct FormField: Sendable, Equatable {
    /// The name, decoded; brackets included.
    let name: String
    /// The value, decoded.
    let value: String

    /// Decodes `application/x-www-form-urlencoded` text; nil when a percent escape is broken or not UTF-8.
    static func decode(_ text: some StringProtocol) -> [FormField]? {
        var fields: [FormField] = []
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = unescape(parts[0]), let value = unescape(parts.count > 1 ? parts[1] : "") else {
                return nil
            }
            fields.append(FormField(name: name, value: value))
        }
        return fields
    }

    private static func unescape(_ text: some StringProtocol) -> String? {
        var output: [UInt8] = []
        var input = text.utf8.makeIterator()
        while let byte = input.next() {
            switch byte {
            case UInt8(ascii: "+"): output.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = input.next().flatMap(nibble), let low = input.next().flatMap(nibble) else {
                    return nil
                }
                output.append(high << 4 | low)
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.flatMap(UInt8.init(exactly:))
    }

    /// Percent-encodes everything but the unreserved characters of RFC 3986.
    static func escape(_ text: String) -> String {
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output.append(HexText.digit(byte >> 4))
                output.append(HexText.digit(byte & 15))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

extension [FormField] {
    /// The first value of that name.
    subscript(name: String) -> String? {
        first { $0.name == name }?.value
    }
}
