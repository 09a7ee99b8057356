/// Percent-encoding of paths, queries and forms.
enum PercentEncoding {
    /// Encodes everything but letters, digits and `-._~`.
    static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(hexadecimal[Int(byte >> 4)])
                encoded.append(hexadecimal[Int(byte & 15)])
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static let hexadecimal = Array("0123456789ABCDEF".utf8)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }
}

/// Fields of an `application/x-www-form-urlencoded` body, in order.
struct FormBody: Sendable {
    private var pairs: [String] = []

    /// Adds a field; brackets of nested names are sent raw.
    mutating func add(_ name: String, _ value: String) {
        pairs.append(name + "=" + PercentEncoding.encode(value))
    }

    /// The encoded body.
    var bytes: [UInt8] { Array(pairs.joined(separator: "&").utf8) }
}
