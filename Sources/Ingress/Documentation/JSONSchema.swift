import Shared

/// Writes the schemas that validate requests as JSON Schema (2020-12, as OpenAPI 3.1 has it).
enum JSONSchema {
    /// Schema of an object; members that are not listed are ignored, hence allowed.
    static func object(_ schema: ObjectSchema) -> JSONValue {
        var properties: [String: JSONValue] = [:]
        for each in schema.fields { properties[each.name] = field(each) }
        var result: [String: JSONValue] = ["type": "object", "properties": .object(properties)]
        let required = schema.fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { result["required"] = .strings(required) }
        if !schema.rules.isEmpty { result["allOf"] = .array(schema.rules.map(rule)) }
        return .object(result)
    }

    /// Schema of one field; an optional one may be `null`, which is the same as absent.
    static func field(_ field: FieldSchema) -> JSONValue {
        var schema = type(field.type)
        if !field.isRequired { schema = nullable(schema) }
        schema["description"] = .string(field.summary)
        return .object(schema)
    }

    /// Schema of a type.
    static func type(_ type: FieldType) -> [String: JSONValue] {
        switch type {
        case .string(let length, let format):
            var schema = self.format(format)
            schema["type"] = "string"
            schema["minLength"] = .integer(Int64(length.lowerBound))
            schema["maxLength"] = .integer(Int64(length.upperBound))
            return schema
        case .amount(let zeroAllowed):
            // Alternatives without look-ahead, which not every regular expression engine has.
            let decimals = "([.][0-9]{1,2})?"
            let positive = "^(0*[1-9][0-9]*\(decimals)|0+[.](0[1-9]|[1-9][0-9]?))$"
            let any = "^[0-9]{1,\(Money.integerDigitsMax)}\(decimals)$"
            let most = Int64(Money.integerDigitsMax + 3)
            let schema: [String: JSONValue] = [
                "type": "string", "pattern": .string(any), "minLength": 1, "maxLength": .integer(most),
                "examples": ["5.00"],
            ]
            return zeroAllowed ? schema : schema.merging(["allOf": [["pattern": .string(positive)]]]) { $1 }
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

    /// Rules count a field that is `null` as not given, as the validator does.
    private static func rule(_ rule: ObjectSchema.Rule) -> JSONValue {
        switch rule {
        case .exactlyOne(let names):
            ["oneOf": .array(names.map(given)), "description": .string("Exactly one of \(listed(names)) is given.")]
        case .atLeastOne(let names):
            ["anyOf": .array(names.map(given)), "description": .string("At least one of \(listed(names)) is given.")]
        }
    }

    private static func given(_ name: String) -> JSONValue {
        ["required": [.string(name)], "properties": .object([name: ["not": ["type": "null"]]])]
    }

    private static func listed(_ names: [String]) -> String { names.joined(separator: ", ") }
}
