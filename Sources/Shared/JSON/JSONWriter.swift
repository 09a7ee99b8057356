/// Writes values as UTF-8 JSON, names sorted by their bytes and slashes unescaped, so that equal values have equal
/// bytes.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    /// What an encoder made, as a whole text.
    /// - Throws: ``JSONError/notEncodable`` for a number that is not finite.
    static func write(_ node: JSONNode) throws(JSONError) -> [UInt8] {
        var writer = JSONWriter()
        writer.bytes.reserveCapacity(512)
        try writer.append(node)
        return writer.bytes
    }

    private mutating func append(_ node: JSONNode) throws(JSONError) {
        switch node {
        case .value(let value): try append(value)
        case .object(let members):
            let sorted = members.sorted { Self.precedes($0.name, $1.name) }
            bytes.append(UInt8(ascii: "{"))
            for index in sorted.indices {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(sorted[index].name)
                bytes.append(UInt8(ascii: ":"))
                try append(sorted[index].node)
            }
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for index in elements.indices {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try append(elements[index])
            }
            bytes.append(UInt8(ascii: "]"))
        case .open(let encoder): try append(encoder.node)
        }
    }

    private mutating func append(_ value: JSONValue) throws(JSONError) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .boolean(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .number(let number):
            guard number.isFinite else { throw .notEncodable }
            let text = number.description
            bytes.append(contentsOf: (text.hasSuffix(".0") ? String(text.dropLast(2)) : text).utf8)
        case .string(let text): append(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for index in elements.indices {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try append(elements[index])
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for (name, member) in members.sorted(by: { Self.precedes($0.key, $1.key) }) {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                append(name)
                bytes.append(UInt8(ascii: ":"))
                try append(member)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            let isPlain = text.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            if isPlain {
                bytes.append(contentsOf: text)
            } else {
                for byte in text { appendEscaped(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0..<0x20:
            let digits = String(byte, radix: 16)
            bytes.append(contentsOf: ((byte < 0x10 ? "\\u000" : "\\u00") + digits).utf8)
        default: bytes.append(byte)
        }
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
