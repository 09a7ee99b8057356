/// A type that is made of an object's members, without a decoder in between: what is read with every command.
protocol JSONReadable {
    /// Takes the members; others are passed over.
    init(_ json: JSONMembers) throws(JSONError)
}

/// The members of an object, with errors that name theirs.
struct JSONMembers {
    private let members: [String: JSONValue]

    /// Takes an object; anything else is another shape.
    init(_ value: JSONValue) throws(JSONError) {
        guard case .object(let members) = value else { throw .unexpectedShape(path: "") }
        self.members = members
    }

    /// A member that is not `null`.
    subscript(_ name: String) -> JSONValue? {
        let value = members[name]
        return value == .null ? nil : value
    }

    /// A string; `nil` when it is absent or `null`.
    func textIfPresent(_ name: String) throws(JSONError) -> String? {
        guard let value = self[name] else { return nil }
        guard case .string(let text) = value else { throw .unexpectedShape(path: name) }
        return text
    }

    /// A string.
    func text(_ name: String) throws(JSONError) -> String { try present(name, try textIfPresent(name)) }

    /// What a string stands for; `nil` when it is absent or `null`.
    func valueIfPresent<Value>(_ name: String, _ make: (String) -> Value?) throws(JSONError) -> Value? {
        guard let text = try textIfPresent(name) else { return nil }
        return try present(name, make(text))
    }

    /// What a string stands for.
    func value<Value>(_ name: String, _ make: (String) -> Value?) throws(JSONError) -> Value {
        try present(name, make(try text(name)))
    }

    /// A whole number; `nil` when it is absent or `null`.
    func integerIfPresent(_ name: String) throws(JSONError) -> Int64? {
        guard let value = self[name] else { return nil }
        guard case .integer(let number) = value else { throw .unexpectedShape(path: name) }
        return number
    }

    /// A whole number.
    func integer(_ name: String) throws(JSONError) -> Int64 { try present(name, try integerIfPresent(name)) }

    /// A boolean.
    func flag(_ name: String) throws(JSONError) -> Bool {
        guard case .boolean(let flag) = self[name] else { throw .unexpectedShape(path: name) }
        return flag
    }

    /// An object; `nil` when it is absent or `null`.
    func objectIfPresent<Value: JSONReadable>(_ name: String) throws(JSONError) -> Value? {
        guard let value = self[name] else { return nil }
        do {
            return try Value(try JSONMembers(value))
        } catch .unexpectedShape(let path) {
            throw .unexpectedShape(path: path.isEmpty ? name : name + "." + path)
        }
    }

    private func present<Value>(_ name: String, _ value: Value?) throws(JSONError) -> Value {
        guard let value else { throw .unexpectedShape(path: name) }
        return value
    }
}
