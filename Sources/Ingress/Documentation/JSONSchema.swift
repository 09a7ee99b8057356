import Shared

/// Writes the schemas that validate requests as JSON Schema (2020-12, as OpenAPI 3.1 has it).
enum JSONSchema {
    /// Schema of an object; members that are not listed are ignored, hence allowed.
    static func object(_ schema: ObjectSchema) -> JSONValue {
        var properties: [String: JSONValue] = [:]
        let hasCurrency = schema.fields.contains { $0.name == "currency" }
        for each in schema.fields { properties[each.name] = field(each, hasCurrency: hasCurrency) }
        var result: [String: JSONValue] = ["type": "object", "properties": .object(properties)]
        let required = schema.fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { result["required"] = .strings(required) }
        if !schema.rules.isEmpty { result["allOf"] = .array(schema.rules.map(rule)) }
        return .object(result)
    }

    /// Schema of one field; an optional one may be `null`, which is the same as absent.
    static func field(_ field: FieldSchema, hasCurrency: Bool = false) -> JSONValue {
        var schema = type(field.type, hasCurrency: hasCurrency)
        if !field.isRequired { schema = nullable(schema) }
        schema["description"] = .string(field.summary)
        return .object(schema)
    }

    /// Schema of a type.
    /// - Parameter hasCurrency: Whether the object names its currency, which may have three decimals; else it is EUR.
    static func type(_ type: FieldType, hasCurrency: Bool = false) -> [String: JSONValue] {
        switch type {
        case .string(let length, let format):
            var schema = self.format(format)
            schema["type"] = "string"
            schema["minLength"] = .integer(Int64(length.lowerBound))
            schema["maxLength"] = .integer(Int64(length.upperBound))
            return schema
        case .amount(let zeroAllowed):
            let decimalsMax = hasCurrency ? 3 : 2
            let pattern = "^[0-9]{1,\(Money.integerDigitsMax)}([.][0-9]{1,\(decimalsMax)})?$"
            let schema: [String: JSONValue] = [
                "type": "string", "pattern": .string(pattern), "minLength": 1,
                "maxLength": .integer(Int64(Money.integerDigitsMax + 1 + decimalsMax)), "examples": ["5.00"],
            ]
            // Of digits and a point, what is not zero has another digit.
            return zeroAllowed ? schema : schema.merging(["allOf": [["pattern": "[1-9]"]]]) { $1 }
        case .boolean: return ["type": "boolean"]
        case .integer(let range):
            return ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .enumeration(let values): return ["type": "string", "enum": .strings(values)]
        case .object(let schema): return object(schema).objectValue ?? [:]
        case .array(let element, let count):
            return [
                "type": "array", "items": .object(self.type(element)),
                "minItems": .integer(Int64(count.lowerBound)), "maxItems": .integer(Int64(count.upperBound)),
            ]
        case .variants(let variants):
            let shapes = variants.map { object($0.schema).merging(["title": .string($0.key)]) }
            return [
                "type": "object", "anyOf": .array(shapes), "allOf": [rule(.exactlyOne(variants.map(\.key)))],
            ]
        case .token:
            return ["type": ["object", "string"], "minLength": 2, "maxLength": 65_536]
        }
    }

    private static func nullable(_ schema: [String: JSONValue]) -> [String: JSONValue] {
        var schema = schema
        switch schema["type"] {
        case .string(let name): schema["type"] = .strings([name, "null"])
        case .array(let names): schema["type"] = .array(names + ["null"])
        default: break
        }
        if case .array(let values) = schema["enum"] { schema["enum"] = .array(values + [.null]) }
        return schema
    }

    private static func format(_ format: StringFormat) -> [String: JSONValue] {
        switch format {
        case .text: ["pattern": "^[^\\u0000]*$"]
        case .printableASCII: ["pattern": "^[ -~]*$"]
        case .url:
            ["format": "uri", "pattern": .string(StringFormat.urlPattern), "examples": ["https://example.com/ok"]]
        case .date: ["format": "date", "examples": ["2030-07-01"]]
        case .dayMonthYear:
            ["pattern": "^(0[1-9]|[12][0-9]|3[01])/(0[1-9]|1[0-2])/[0-9]{4}$", "examples": ["31/12/2030"]]
        case .currency: ["pattern": "^[A-Z]{3}$", "examples": ["EUR"]]
        case .json: ["contentMediaType": "application/json", "examples": ["{}"]]
        }
    }

    /// Rules count a field that is `null` as not given, as the validator does; some can only be said in words.
    private static func rule(_ rule: ObjectSchema.Rule) -> JSONValue {
        switch rule {
        case .exactlyOne(let names):
            return [
                "oneOf": .array(names.map(given)), "description": .string("Exactly one of \(listed(names)) is given."),
            ]
        case .atLeastOne(let names):
            return [
                "anyOf": .array(names.map(given)), "description": .string("At least one of \(listed(names)) is given."),
            ]
        case .required(let name, let other):
            return [
                "anyOf": [["not": given(other)], given(name)],
                "description": .string("\(name) is required with \(other)."),
            ]
        case .onlyWhen(let name, let other, let value):
            let isWanted: JSONValue = [
                "required": [.string(other)], "properties": .object([other: ["const": .string(value)]]),
            ]
            return [
                "anyOf": [["allOf": [isWanted, given(name)]], ["not": ["anyOf": [isWanted, given(name)]]]],
                "description": .string("\(name) is given when, and only when, \(other) is \(value)."),
            ]
        case .notOver(let name):
            return ["description": .string("\(name) is not a past day in Italy.")]
        case .same(let field, let array, let absence, let key):
            let standIn = absence.map { ", absent is \(text($0))" } ?? ""
            return [
                "description": .string("\(field) is the same in all \(array) but those with \(key)\(standIn).")
            ]
        }
    }

    private static func text(_ value: JSONValue) -> String {
        (try? JSONCoding.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func given(_ name: String) -> JSONValue {
        ["required": [.string(name)], "properties": .object([name: ["not": ["type": "null"]]])]
    }

    private static func listed(_ names: [String]) -> String { names.joined(separator: ", ") }
}
