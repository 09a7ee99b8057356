import Shared

/// As much of JSON Schema as these tests need: types, required fields, constants and combinations.
enum SchemaChecker {
    /// Whether a value is valid by a schema; keywords other than those named are ignored.
    static func accepts(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        (schema.objectValue ?? [:]).allSatisfy { keyword, rule in
            let rules = rule.arrayValue ?? []
            switch keyword {
            case "type": return (rules.isEmpty ? [rule] : rules).contains { hasType($0.stringValue ?? "", value) }
            case "required":
                guard let members = value.objectValue else { return true }
                return rules.allSatisfy { members[$0.stringValue ?? ""] != nil }
            case "properties":
                guard let members = value.objectValue else { return true }
                return (rule.objectValue ?? [:]).allSatisfy { name, inner in
                    members[name].map { accepts($0, inner) } ?? true
                }
            case "const": return value == rule
            case "enum": return rules.contains(value)
            case "not": return !accepts(value, rule)
            case "allOf": return rules.allSatisfy { accepts(value, $0) }
            case "anyOf": return rules.contains { accepts(value, $0) }
            case "oneOf": return rules.count { accepts(value, $0) } == 1
            default: return true
            }
        }
    }

    private static func hasType(_ name: String, _ value: JSONValue) -> Bool {
        switch value {
        case .null: name == "null"
        case .boolean: name == "boolean"
        case .integer: name == "integer" || name == "number"
        case .number: name == "number"
        case .string: name == "string"
        case .array: name == "array"
        case .object: name == "object"
        }
    }
}
