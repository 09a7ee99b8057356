import Shared

/// Makes a valid value from a schema: its required fields and what its rules ask for.
enum ExampleMaker {
    /// The smallest members that a schema takes.
    static func object(_ schema: ObjectSchema) -> [String: JSONValue] {
        var needed = Set(schema.fields.filter(\.isRequired).map(\.name))
        for rule in schema.rules {
            switch rule {
            case .exactlyOne(let names), .atLeastOne(let names):
                if needed.isDisjoint(with: names), let first = names.first { needed.insert(first) }
            case .required(let name, let other):
                if needed.contains(other) { needed.insert(name) }
            case .onlyWhen(let name, let other, let value):
                let type = schema.fields.first { $0.name == other }?.type
                if needed.contains(other), type.map(self.value) == .string(value) { needed.insert(name) }
            case .notOver, .same: break
            }
        }
        var members: [String: JSONValue] = [:]
        for field in schema.fields where needed.contains(field.name) { members[field.name] = value(field.type) }
        return members
    }

    /// A value of a type.
    static func value(_ type: FieldType) -> JSONValue {
        switch type {
        case .string(let length, let format): .string(text(length, format))
        case .amount: "5.00"
        case .boolean: true
        case .integer(let range): .integer(range.lowerBound)
        case .enumeration(let values): .string(values.first ?? "")
        case .object(let schema): .object(object(schema))
        case .array(let element, let count): .array(Array(repeating: value(element), count: count.lowerBound))
        case .variants(let variants): .object(variants.first.map { object($0.schema) } ?? [:])
        case .token: [:]
        }
    }

    private static func text(_ length: ClosedRange<Int>, _ format: StringFormat) -> String {
        switch format {
        case .url: return "https://example.com/"
        case .date: return "2030-07-01"
        case .dayMonthYear: return "31/12/2030"
        case .currency: return "EUR"
        case .json: return "{}"
        case .text, .printableASCII:
            let word = "example"
            if length.upperBound < word.count { return String(repeating: "x", count: length.upperBound) }
            return word + String(repeating: "x", count: max(0, length.lowerBound - word.count))
        }
    }
}
