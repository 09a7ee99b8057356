/// What an encoder has made of a value, before it is written.
enum JSONNode {
    case value(JSONValue)
    /// In the order in which they were encoded; of repeated names all are there, which no type of ours does.
    case object([Member])
    case array([JSONNode])
    /// A part that is still being made.
    case open(JSONTreeEncoder)

    /// A member of an object.
    struct Member {
        let name: String
        let node: JSONNode
    }
}

/// Turns an encodable value into a ``JSONNode``; one encoder for each value, used by one thread.
final class JSONTreeEncoder: Encoder {
    private(set) var node: JSONNode = .value(.null)

    /// Errors of encoding name no place, so none is kept.
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// A value as a node.
    static func node(of value: some Encodable) throws -> JSONNode {
        if let known = known(value) { return .value(known) }
        let encoder = JSONTreeEncoder()
        try value.encode(to: encoder)
        return encoder.node
    }

    /// What is JSON already needs no encoder.
    private static func known<Value: Encodable>(_ value: Value) -> JSONValue? {
        if Value.self == String.self { return (value as? String).map { .string($0) } }
        if Value.self == JSONValue.self { return value as? JSONValue }
        if Value.self == [String: JSONValue].self { return (value as? [String: JSONValue]).map { .object($0) } }
        return nil
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = node {} else { node = .object([]) }
        return KeyedEncodingContainer(Keyed<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = node {} else { node = .array([]) }
        return Unkeyed(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

    private func append(_ name: String, _ member: JSONNode) {
        guard case .object(var members) = node else { return }
        // Not held twice while it grows, else it would be copied for each member.
        node = .value(.null)
        if members.isEmpty { members.reserveCapacity(12) }
        members.append(JSONNode.Member(name: name, node: member))
        node = .object(members)
    }

    private func append(_ element: JSONNode) {
        guard case .array(var elements) = node else { return }
        node = .value(.null)
        elements.append(element)
        node = .array(elements)
    }

    private static func integer(_ value: some BinaryInteger) throws -> JSONValue {
        guard let integer = Int64(exactly: value) else { throw JSONError.notEncodable }
        return .integer(integer)
    }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: JSONTreeEncoder
        var codingPath: [any CodingKey] { [] }

        private func put(_ value: JSONValue, _ key: Key) { encoder.append(key.stringValue, .value(value)) }

        mutating func encodeNil(forKey key: Key) throws { put(.null, key) }
        mutating func encode(_ value: Bool, forKey key: Key) throws { put(.boolean(value), key) }
        mutating func encode(_ value: String, forKey key: Key) throws { put(.string(value), key) }
        mutating func encode(_ value: Int, forKey key: Key) throws { put(.integer(Int64(value)), key) }
        mutating func encode(_ value: Int64, forKey key: Key) throws { put(.integer(value), key) }

        mutating func encode(_ value: some Encodable, forKey key: Key) throws {
            encoder.append(key.stringValue, try JSONTreeEncoder.node(of: value))
        }

        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type, forKey key: Key
        ) -> KeyedEncodingContainer<NestedKey> {
            superEncoder(forKey: key).container(keyedBy: keyType)
        }

        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            superEncoder(forKey: key).unkeyedContainer()
        }

        mutating func superEncoder() -> any Encoder { opened("super") }
        mutating func superEncoder(forKey key: Key) -> any Encoder { opened(key.stringValue) }

        private func opened(_ name: String) -> JSONTreeEncoder {
            let nested = JSONTreeEncoder()
            encoder.append(name, .open(nested))
            return nested
        }
    }

    private struct Unkeyed: UnkeyedEncodingContainer {
        let encoder: JSONTreeEncoder
        var codingPath: [any CodingKey] { [] }
        var count: Int {
            if case .array(let elements) = encoder.node { return elements.count }
            return 0
        }

        mutating func encodeNil() throws { encoder.append(.value(.null)) }
        mutating func encode(_ value: some Encodable) throws {
            encoder.append(try JSONTreeEncoder.node(of: value))
        }

        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type
        ) -> KeyedEncodingContainer<NestedKey> {
            superEncoder().container(keyedBy: keyType)
        }

        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { superEncoder().unkeyedContainer() }

        mutating func superEncoder() -> any Encoder {
            let nested = JSONTreeEncoder()
            encoder.append(.open(nested))
            return nested
        }
    }

    private struct Single: SingleValueEncodingContainer {
        let encoder: JSONTreeEncoder
        var codingPath: [any CodingKey] { [] }

        private func put(_ value: JSONValue) { encoder.node = .value(value) }

        mutating func encodeNil() throws { put(.null) }
        mutating func encode(_ value: Bool) throws { put(.boolean(value)) }
        mutating func encode(_ value: String) throws { put(.string(value)) }
        mutating func encode(_ value: Double) throws { put(.number(value)) }
        mutating func encode(_ value: Float) throws { put(.number(Double(value))) }
        mutating func encode(_ value: Int) throws { put(.integer(Int64(value))) }
        mutating func encode(_ value: Int8) throws { put(.integer(Int64(value))) }
        mutating func encode(_ value: Int16) throws { put(.integer(Int64(value))) }
        mutating func encode(_ value: Int32) throws { put(.integer(Int64(value))) }
        mutating func encode(_ value: Int64) throws { put(.integer(value)) }
        mutating func encode(_ value: UInt) throws { put(try JSONTreeEncoder.integer(value)) }
        mutating func encode(_ value: UInt8) throws { put(.integer(Int64(value))) }
        mutating func encode(_ value: UInt16) throws { put(.integer(Int64(value))) }
        mutating func encode(_ value: UInt32) throws { put(.integer(Int64(value))) }
        mutating func encode(_ value: UInt64) throws { put(try JSONTreeEncoder.integer(value)) }
        mutating func encode(_ value: some Encodable) throws {
            encoder.node = try JSONTreeEncoder.node(of: value)
        }
    }
}
