/// The flattened parameters of a Stripe request, refused when one of them is unknown.
struct StripeParameters: Sendable {
    /// One parameter: `line_items[0][price]` is the parts `line_items`, `0`, `price`.
    struct Entry: Sendable {
        /// The name as it was sent.
        let name: String
        /// The name's parts.
        let parts: [String]
        /// The value; empty clears.
        let value: String
    }

    /// Parameters of a request at most.
    static let maximumCount = 1000

    /// All parameters in the order sent.
    let entries: [Entry]

    /// Takes decoded fields of which each must match one of the patterns: `#` stands for an index (or none),
    /// `*` for any name.
    init(_ fields: [FormField], allowed: Set<String>) throws(StripeError) {
        guard fields.count <= Self.maximumCount else { throw .invalid(nil, "Too many parameters.") }
        var entries: [Entry] = []
        for field in fields {
            guard let parts = Self.parts(field.name), allowed.contains(Self.pattern(parts)) else {
                throw .invalid(field.name, "Received unknown parameter: \(field.name)", code: "parameter_unknown")
            }
            entries.append(Entry(name: field.name, parts: parts, value: field.value))
        }
        self.entries = entries
    }

    private static func parts(_ name: String) -> [String]? {
        guard let bracket = name.firstIndex(of: "[") else { return [name] }
        guard name.last == "]", bracket != name.startIndex else { return nil }
        let inner = name[name.index(after: bracket)...].dropLast()
        return [String(name[..<bracket])]
            + inner.split(separator: "][", omittingEmptySubsequences: false).map(String.init)
    }

    private static func pattern(_ parts: [String]) -> String {
        var pattern = parts[0]
        for (index, part) in parts.enumerated().dropFirst() {
            if parts[index - 1] == "metadata" {
                pattern += "[*]"
            } else if part.isEmpty || Int(part) != nil {
                pattern += "[#]"
            } else {
                pattern += "[\(part)]"
            }
        }
        return pattern
    }

    /// The last value of a parameter by the name it is sent with; nil when absent.
    subscript(name: String) -> String? {
        entries.last { $0.name == name }?.value
    }

    /// A value that must be present and not empty.
    func required(_ name: String) throws(StripeError) -> String {
        guard let value = self[name], !value.isEmpty else { throw .missing(name) }
        return value
    }

    /// A decimal whole number; nil when absent.
    func integer(_ name: String) throws(StripeError) -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = Int(value) else { throw .notAnInteger(name, value) }
        return number
    }

    /// `true` or `false`; nil when absent.
    func bool(_ name: String) throws(StripeError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard value == "true" || value == "false" else {
            throw .invalid(name, "Invalid boolean: \(value)")
        }
        return value == "true"
    }

    /// The pairs under `prefix[metadata]` (or `metadata` for no prefix).
    func metadata(_ prefix: String? = nil) throws(StripeError) -> [FormField] {
        let path = (prefix.map { [$0] } ?? []) + ["metadata"]
        let found = entries.filter { $0.parts.count == path.count + 1 && $0.parts.starts(with: path) }
        for entry in found where entry.parts[path.count].count > 40 || entry.value.count > 500 {
            throw .invalid(entry.name, "Metadata keys can have up to 40 and values up to 500 characters.")
        }
        guard found.count <= 50 else { throw .invalid("metadata", "Metadata can have up to 50 keys.") }
        return found.map { FormField(name: $0.parts[path.count], value: $0.value) }
    }

    /// The properties to expand, each of which must be in `known`.
    func expansions(_ known: Set<String>) throws(StripeError) -> Set<String> {
        var wanted: Set<String> = []
        for entry in entries where entry.parts[0] == "expand" {
            guard known.contains(entry.value) else {
                throw .invalid("expand", "This property cannot be expanded (\(entry.value)).")
            }
            wanted.insert(entry.value)
        }
        return wanted
    }

    /// The indexes under a list parameter in ascending order, at most `limit`.
    func indexes(_ list: String, limit: Int) throws(StripeError) -> [Int] {
        var found: Set<Int> = []
        for entry in entries where entry.parts[0] == list && entry.parts.count > 1 {
            guard let index = Int(entry.parts[1]), index >= 0 else { throw .invalid(list, "Invalid array") }
            found.insert(index)
        }
        guard found.count <= limit else { throw .invalid(list, "You may only specify up to \(limit) items.") }
        return found.sorted()
    }
}
