/// Reads strict JSON (RFC 8259) in UTF-8 into a value, in one pass.
///
/// Stricter than Foundation's reader only in that the bytes must be UTF-8. Of repeated names the first wins. Nothing in
/// the bytes can trap: every index is checked against the end, and nesting is bounded.
struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The value of a whole text.
    static func read(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        // Checked once for all of it: no string below needs repair.
        let isASCII = bytes.allSatisfy { $0 < 0x80 }
        guard isASCII || String(validating: bytes, as: UTF8.self) != nil else { throw .notJSON }
        var reader = JSONReader(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.index = 3 }
        reader.skipSpace()
        let value = try reader.value()
        reader.skipSpace()
        guard reader.index == bytes.count else { throw .notJSON }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        guard index < bytes.count else { throw .notJSON }
        switch bytes[index] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        case UInt8(ascii: "t"): return try literal("true", .boolean(true))
        case UInt8(ascii: "f"): return try literal("false", .boolean(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw .notJSON
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try enter()
        var members: [String: JSONValue] = [:]
        members.reserveCapacity(10)
        var isFirst = true
        while try goesOn(until: UInt8(ascii: "}"), &isFirst) {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw .notJSON }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw .notJSON }
            skipSpace()
            let member = try value()
            if let first = members.updateValue(member, forKey: name) { members[name] = first }
        }
        return .object(members)
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        var isFirst = true
        while try goesOn(until: UInt8(ascii: "]"), &isFirst) { elements.append(try value()) }
        return .array(elements)
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= JSONCoding.depthMax else { throw .tooDeep }
        index += 1
    }

    /// Whether another element follows: takes the comma before it, or the bracket that ends them.
    private mutating func goesOn(until end: UInt8, _ isFirst: inout Bool) throws(JSONError) -> Bool {
        skipSpace()
        if take(end) {
            depth -= 1
            return false
        }
        if !isFirst {
            guard take(UInt8(ascii: ",")) else { throw .notJSON }
            skipSpace()
            // A comma announces an element.
            guard index < bytes.count, bytes[index] != end else { throw .notJSON }
        }
        isFirst = false
        return true
    }

    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                defer { index += 1 }
                return bytes.withUnsafeBufferPointer { bytes in
                    String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self)
                }
            case UInt8(ascii: "\\"): return try stringWithEscapes(from: start)
            case 0..<0x20: throw .notJSON
            default: index += 1
            }
        }
        throw .notJSON
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw .notJSON
            default: text.append(byte)
            }
        }
        throw .notJSON
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard index < bytes.count else { throw .notJSON }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800...0xDBFF).contains(code) {
                // The first half of a pair, which must have its second.
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw .notJSON }
                let low = try hexadecimal()
                guard (0xDC00...0xDFFF).contains(low) else { throw .notJSON }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw .notJSON }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw .notJSON
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        guard bytes.count - index >= 4 else { throw .notJSON }
        var code: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            switch byte {
            case 0x30...0x39: code = code << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: code = code << 4 | UInt32(byte - 0x37)
            case 0x61...0x66: code = code << 4 | UInt32(byte - 0x57)
            default: throw .notJSON
            }
        }
        index += 4
        return code
    }

    /// A number that is whole and fits 64 bits is an integer, however it is written.
    private mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        _ = take(UInt8(ascii: "-"))
        let firstDigit = index
        guard takeDigits() else { throw .notJSON }
        guard bytes[firstDigit] != UInt8(ascii: "0") || index == firstDigit + 1 else { throw .notJSON }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            guard takeDigits() else { throw .notJSON }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard takeDigits() else { throw .notJSON }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw .notJSON }
        return Int64(exactly: number).map { .integer($0) } ?? .number(number)
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = word.utf8CodeUnitCount
        guard bytes.count - index >= length, bytes[index..<index + length].elementsEqual(word.description.utf8) else {
            throw .notJSON
        }
        index += length
        return value
    }

    private mutating func takeDigits() -> Bool {
        let start = index
        while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 { index += 1 }
        return index > start
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }
}
