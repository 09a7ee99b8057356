import Shared

/// Lays a JSON schema's fields out as rows of text, fields of fields by dotted names.
enum SchemaRows {
    /// Name, type with limits, whether required, meaning; required fields first.
    static func rows(of schema: JSONValue, prefix: String = "") -> [[String]] {
        let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        let properties = (schema["properties"]?.objectValue ?? [:]).sorted { left, right in
            let ranks = (required.contains(left.key), required.contains(right.key))
            return ranks.0 == ranks.1 ? left.key < right.key : ranks.0
        }
        let shapes = (schema["anyOf"]?.arrayValue ?? []).flatMap { shape -> [[String]] in
            guard let title = shape["title"]?.stringValue else { return [] }
            return rows(of: shape, prefix: prefix).map { row in
                Array(row.dropLast()) + ["With `\(title)`: " + (row.last ?? "")]
            }
        }
        return shapes
            + properties.flatMap { name, field -> [[String]] in
                let path = prefix + name
                let meaning = field["description"]?.stringValue ?? ""
                let own = ["`\(path)`", type(of: field), required.contains(name) ? "yes" : "", meaning]
                let items = field["items"].map { rows(of: $0, prefix: path + "[].") } ?? []
                return [own] + rows(of: field, prefix: path + ".") + items
            }
    }

    /// Rules between fields, as sentences; those of inner objects with their path.
    static func rules(of schema: JSONValue, path: String = "") -> [String] {
        let own = (schema["allOf"]?.arrayValue ?? []).compactMap { $0["description"]?.stringValue }
            .map { path.isEmpty ? $0 : path + ": " + $0 }
        let inner = (schema["properties"]?.objectValue ?? [:]).sorted { $0.key < $1.key }.flatMap { name, field in
            let place = path.isEmpty ? name : path + "." + name
            return rules(of: field, path: place) + (field["items"].map { rules(of: $0, path: place + "[]") } ?? [])
        }
        return own + inner
    }

    private static func type(of field: JSONValue) -> String {
        if let reference = field["$ref"]?.stringValue { return String(reference.split(separator: "/").last ?? "") }
        var words = [names(field["type"]).filter { $0 != "null" }.joined(separator: " or ")]
        if let format = field["format"]?.stringValue { words.append(format) }
        if let values = field["enum"]?.arrayValue {
            words.append(values.compactMap(\.stringValue).map { "`\($0)`" }.joined(separator: ", "))
        }
        words += limits(field)
        if let example = field["examples"]?.arrayValue?.first?.stringValue { words.append("such as `\(example)`") }
        return words.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private static func limits(_ field: JSONValue) -> [String] {
        let pairs = [
            ("minLength", "maxLength", "characters"), ("minItems", "maxItems", "elements"), ("minimum", "maximum", ""),
        ]
        return pairs.compactMap { low, high, unit in
            guard let from = field[low]?.integerValue, let to = field[high]?.integerValue else { return nil }
            return "\(from) to \(to)" + (unit.isEmpty ? "" : " " + unit)
        }
    }

    private static func names(_ type: JSONValue?) -> [String] {
        type?.stringValue.map { [$0] } ?? (type?.arrayValue ?? []).compactMap(\.stringValue)
    }
}
