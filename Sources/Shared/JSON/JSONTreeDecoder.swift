/// Makes decodable values of a ``JSONValue``, with Foundation's rules and errors.
struct JSONTreeDecoder: Decoder {
    let value: JSONValue
    let place: Place?

    var codingPath: [any CodingKey] { place?.path ?? [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Where a value stands; the path is put together only for an error.
    final class Place {
        private let key: any CodingKey
        private let outer: Place?

        init(_ key: any CodingKey, in outer: Place?) {
            self.key = key
            self.outer = outer
        }

        var path: [any CodingKey] { (outer?.path ?? []) + [key] }
    }

    /// A value of any decodable type.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from value: JSONValue, at place: @autoclosure () -> Place?
    ) throws -> Value {
        // What is JSON already needs no decoder.
        if type == JSONValue.self, let known = value as? Value { return known }
        if type == String.self, case .string(let text) = value, let known = text as? Value { return known }
        if type == [String: JSONValue].self, case .object(let members) = value, let known = members as? Value {
            return known
        }
        return try Value(from: JSONTreeDecoder(value: value, place: place()))
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch([String: JSONValue].self) }
        return KeyedDecodingContainer(JSONKeyedDecoding<Key>(members: members, place: place))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch([JSONValue].self) }
        return JSONUnkeyedDecoding(elements: elements, place: place)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    private func mismatch(_ type: any Any.Type) -> DecodingError { value.mismatch(type, at: codingPath) }
}

extension JSONTreeDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value == .null }
    func decode(_ type: Bool.Type) throws -> Bool { try value.flag(at: codingPath) }
    func decode(_ type: String.Type) throws -> String { try value.text(at: codingPath) }
    func decode(_ type: Double.Type) throws -> Double { try value.double(at: codingPath) }
    func decode(_ type: Float.Type) throws -> Float { Float(try value.double(at: codingPath)) }
    func decode(_ type: Int.Type) throws -> Int { try value.whole(at: codingPath) }
    func decode(_ type: Int8.Type) throws -> Int8 { try value.whole(at: codingPath) }
    func decode(_ type: Int16.Type) throws -> Int16 { try value.whole(at: codingPath) }
    func decode(_ type: Int32.Type) throws -> Int32 { try value.whole(at: codingPath) }
    func decode(_ type: Int64.Type) throws -> Int64 { try value.whole(at: codingPath) }
    func decode(_ type: UInt.Type) throws -> UInt { try value.whole(at: codingPath) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try value.whole(at: codingPath) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try value.whole(at: codingPath) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try value.whole(at: codingPath) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try value.whole(at: codingPath) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONTreeDecoder.decode(type, from: value, at: place)
    }
}

/// The members of an object.
struct JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSONValue]
    let place: JSONTreeDecoder.Place?

    var codingPath: [any CodingKey] { place?.path ?? [] }
    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

    private func member(_ key: Key) throws -> JSONValue {
        guard let value = members[key.stringValue] else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "missing"))
        }
        return value
    }

    private func path(_ key: Key) -> [any CodingKey] { codingPath + [key] }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try member(key) == .null }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).flag(at: path(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).text(at: path(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key).whole(at: path(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try member(key).whole(at: path(key)) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try JSONTreeDecoder.decode(type, from: try member(key), at: JSONTreeDecoder.Place(key, in: place))
    }

    // The two most used of these: one look-up instead of three.
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        guard let value = members[key.stringValue], value != .null else { return nil }
        return try value.text(at: path(key))
    }
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let value = members[key.stringValue], value != .null else { return nil }
        return try JSONTreeDecoder.decode(type, from: value, at: JSONTreeDecoder.Place(key, in: place))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try superDecoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        let key = AnyKey("super")
        return JSONTreeDecoder(value: members["super"] ?? .null, place: .init(key, in: place))
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        JSONTreeDecoder(value: try member(key), place: .init(key, in: place))
    }
}

/// The elements of an array.
struct JSONUnkeyedDecoding: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    let place: JSONTreeDecoder.Place?
    private(set) var currentIndex = 0

    init(elements: [JSONValue], place: JSONTreeDecoder.Place?) {
        self.elements = elements
        self.place = place
    }

    var codingPath: [any CodingKey] { place?.path ?? [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private func current() throws -> (value: JSONValue, place: JSONTreeDecoder.Place) {
        let here = JSONTreeDecoder.Place(AnyKey("Index \(currentIndex)"), in: place)
        guard !isAtEnd else {
            let context = DecodingError.Context(codingPath: here.path, debugDescription: "the array is at its end")
            throw DecodingError.valueNotFound(JSONValue.self, context)
        }
        return (elements[currentIndex], here)
    }

    mutating func decodeNil() throws -> Bool {
        guard try current().value == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (value, here) = try current()
        let decoded = try JSONTreeDecoder.decode(type, from: value, at: here)
        currentIndex += 1
        return decoded
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try superDecoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try superDecoder().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        let (value, here) = try current()
        currentIndex += 1
        return JSONTreeDecoder(value: value, place: here)
    }
}

extension JSONValue {
    fileprivate func mismatch(_ type: any Any.Type, at path: [any CodingKey]) -> DecodingError {
        let context = DecodingError.Context(codingPath: path, debugDescription: "another type than expected")
        return self == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    fileprivate func text(at path: @autoclosure () -> [any CodingKey]) throws -> String {
        guard case .string(let text) = self else { throw mismatch(String.self, at: path()) }
        return text
    }

    fileprivate func flag(at path: @autoclosure () -> [any CodingKey]) throws -> Bool {
        guard case .boolean(let flag) = self else { throw mismatch(Bool.self, at: path()) }
        return flag
    }

    fileprivate func double(at path: @autoclosure () -> [any CodingKey]) throws -> Double {
        switch self {
        case .integer(let number): return Double(number)
        case .number(let number): return number
        default: throw mismatch(Double.self, at: path())
        }
    }

    fileprivate func whole<Integer: FixedWidthInteger>(at path: @autoclosure () -> [any CodingKey]) throws -> Integer {
        switch self {
        case .integer(let number):
            if let integer = Integer(exactly: number) { return integer }
        case .number(let number):
            if let integer = Integer(exactly: number) { return integer }
        default: throw mismatch(Integer.self, at: path())
        }
        let context = DecodingError.Context(codingPath: path(), debugDescription: "the number does not fit")
        throw DecodingError.dataCorrupted(context)
    }
}
