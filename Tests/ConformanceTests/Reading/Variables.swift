import Shared

/// What stands for the `{{names}}` of a fixture.
struct Variables: Sendable {
    var values: [String: String] = [:]

    /// Binds every text member of a reply, and of the objects in it, by its name.
    mutating func bind(_ members: [String: JSONValue]) {
        for (name, value) in members {
            if let text = value.stringValue { values[name] = text }
            if let inner = value.objectValue { bind(inner) }
        }
    }

    /// The text with every `{{name}}` replaced; throws for a name that nothing is bound to.
    func fill(_ text: String) throws -> String {
        guard text.contains("{{") else { return text }
        var filled = ""
        var rest = Substring(text)
        while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
            let name = String(rest[start.upperBound..<end.lowerBound])
            filled += rest[..<start.lowerBound]
            filled += try values[name].required("the fixture uses {{\(name)}}, which nothing before it has bound")
            rest = rest[end.upperBound...]
        }
        return filled + rest
    }

    /// The value with all its texts filled, names of members included.
    func fill(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .string(let text): .string(try fill(text))
        case .array(let elements): .array(try elements.map { try fill($0) })
        case .object(let members): .object(try fill(members))
        default: value
        }
    }

    /// The members with all their texts filled.
    func fill(_ members: [String: JSONValue]) throws -> [String: JSONValue] {
        var filled: [String: JSONValue] = [:]
        for (name, value) in members { filled[try fill(name)] = try fill(value) }
        return filled
    }
}
