/// A JSON document whose objects keep their order, written by hand so that no code is shared with what is checked.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONField])

    /// A string, or null for nil.
    static func text(_ value: String?) -> JSONValue {
        value.map(JSONValue.string) ?? .null
    }

    /// An integer, or null for nil.
    static func number(_ value: Int?) -> JSONValue {
        value.map(JSONValue.integer) ?? .null
    }

    /// An object with string values, in the given order.
    static func strings(_ pairs: [FormField]) -> JSONValue {
        .object(pairs.map { JSONField(name: $0.name, value: .string($0.value)) })
    }

    /// The fields of an object; nil for anything else.
    var fields: [JSONField]? {
        if case .object(let fields) = self { return fields }
        return nil
    }

    /// The elements of an array; nil for anything else.
    var elements: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// The text of a string; nil for anything else.
    var text: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The value of a whole number; nil for anything else.
    var integer: Int? {
        if case .integer(let value) = self { return value }
        return nil
    }

    /// The value of any number; nil for anything else.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The value of a truth value; nil for anything else.
    var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The first field of that name in an object; nil when there is none or it is no object.
    subscript(name: String) -> JSONValue? {
        fields?.first { $0.name == name }?.value
    }
}

/// One member of a JSON object.
struct JSONField: Sendable, Equatable {
    /// The member's name, unescaped.
    let name: String
    /// The member's value.
    let value: JSONValue
}

// Not by `nil`: a comparison of an absent value with nil would then mean a comparison with null.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    init(integerLiteral value: Int) { self = .integer(value) }
    /// A truth value.
    init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array.
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object in the order written.
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { JSONField(name: $0.0, value: $0.1) })
    }
}

extension JSONValue {
    /// The document in UTF-8 without white space.
    var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: String(value).utf8)
        case .double(let value): output.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let fields):
            output.append(UInt8(ascii: "{"))
            for (index, field) in fields.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(field.name, to: &output)
                output.append(UInt8(ascii: ":"))
                field.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x0A: output.append(contentsOf: #"\n"#.utf8)
            case 0x00..<0x20:
                output.append(contentsOf: #"\u00"#.utf8)
                output.append(HexText.digit(byte >> 4))
                output.append(HexText.digit(byte & 15))
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
