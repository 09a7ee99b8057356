import Foundation

/// A type that writes its own JSON, without an encoder in between: what is written with every command.
///
/// Reading it is `Decodable`'s.
public protocol JSONWritable: Encodable {
    /// Writes the same bytes that ``JSONCoding/encode(_:)`` makes of any encodable value: an object's members in the
    /// order of their names, absent ones left out.
    func write(to json: inout JSONWriter) throws(JSONError)
}

/// Writes values as UTF-8 JSON, names sorted by their bytes and slashes unescaped, so that equal values have equal
/// bytes.
///
/// Its generic parts are inlined, so that each type's writing is compiled for that type.
public struct JSONWriter {
    @usableFromInline private(set) var bytes: [UInt8] = []

    @usableFromInline init() { bytes.reserveCapacity(1024) }

    /// What an encoder made, as a whole text.
    /// - Throws: ``JSONError/notEncodable`` for a number that is not finite.
    static func write(_ node: JSONNode) throws(JSONError) -> [UInt8] {
        var writer = JSONWriter()
        try writer.append(node)
        return writer.bytes
    }

    /// A value that writes itself, as a whole text.
    @inlinable
    static func write(_ value: some JSONWritable) throws(JSONError) -> [UInt8] {
        var writer = JSONWriter()
        try value.write(to: &writer)
        return writer.bytes
    }

    // MARK: - Objects, member by member

    /// Writes an object; its members must come in the order of their names' bytes.
    @inlinable
    public mutating func object<Failure: Error>(
        _ members: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        append(UInt8(ascii: "{"))
        try members(&self)
        append(UInt8(ascii: "}"))
    }

    /// A member that is left out when it is `nil`; the name needs no escapes.
    public mutating func member(_ name: StaticString, _ text: String?) {
        guard let text else { return }
        begin(name)
        append(text)
    }

    /// A member that is `null` when it is `nil`.
    public mutating func memberOrNull(_ name: StaticString, _ text: String?) {
        begin(name)
        if let text { append(text) } else { bytes.append(contentsOf: "null".utf8) }
    }

    /// A member that is left out when it is `nil`.
    public mutating func member(_ name: StaticString, _ number: Int64?) {
        guard let number else { return }
        begin(name)
        bytes.append(contentsOf: String(number).utf8)
    }

    /// A member that is left out when it is `nil`.
    public mutating func member(_ name: StaticString, _ number: Int?) { member(name, number.map { Int64($0) }) }

    /// A member that is a boolean.
    public mutating func member(_ name: StaticString, _ flag: Bool) {
        begin(name)
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    /// A member of any JSON that is left out when it is `nil`.
    public mutating func member(_ name: StaticString, _ value: JSONValue?) throws(JSONError) {
        guard let value else { return }
        begin(name)
        try append(value)
    }

    /// A member that is left out when it is `nil`.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: (some JSONWritable)?) throws(JSONError) {
        guard let value else { return }
        begin(name)
        try value.write(to: &self)
    }

    /// A member that an encoder makes, and that is left out when it is `nil`.
    mutating func member(_ name: StaticString, encoding value: (some Encodable)?) throws(JSONError) {
        guard let value else { return }
        begin(name)
        do {
            try append(try JSONTreeEncoder.node(of: value))
        } catch {
            throw .notEncodable
        }
    }

    /// A member that is an array.
    @inlinable
    public mutating func member(_ name: StaticString, _ elements: [some JSONWritable]) throws(JSONError) {
        begin(name)
        append(UInt8(ascii: "["))
        for index in elements.indices {
            if index > 0 { append(UInt8(ascii: ",")) }
            try elements[index].write(to: &self)
        }
        append(UInt8(ascii: "]"))
    }

    @usableFromInline mutating func append(_ byte: UInt8) { bytes.append(byte) }

    @usableFromInline mutating func begin(_ name: StaticString) {
        // Nothing but the beginning of an object ends with this byte here.
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    // MARK: - Trees

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

    mutating func append(_ value: JSONValue) throws(JSONError) {
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
            // What needs no escape is copied in one piece.
            var (start, index) = (0, 0)
            while index < text.count {
                if index + 8 <= text.count, Self.isPlain(UnsafeRawBufferPointer(text), at: index) {
                    index += 8
                    continue
                }
                if Self.needsEscape(text[index]) {
                    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                    appendEscaped(text[index])
                    start = index + 1
                }
                index += 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether none of eight bytes needs an escape; all eight at once, for sealed texts are long.
    ///
    /// A byte less than a bound, or equal to another one, leaves the highest bit of its place set (Mycroft's test).
    private static func isPlain(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
        let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let found = (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
        return found & (ones &* 0x80) == 0
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0..<0x20: bytes.append(contentsOf: ((byte < 0x10 ? "u000" : "u00") + String(byte, radix: 16)).utf8)
        default: bytes.append(byte)
        }
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        var (left, right) = (left, right)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                let count = min(left.count, right.count)
                guard count > 0, let first = left.baseAddress, let second = right.baseAddress else {
                    return left.count < right.count
                }
                let order = memcmp(first, second, count)
                return order == 0 ? left.count < right.count : order < 0
            }
        }
    }
}
