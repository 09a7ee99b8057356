/// The one configuration of JSON reading and writing, with a bound on nesting.
public enum JSONCoding {
    /// Deepest nesting of objects and arrays that is read.
    public static let depthMax = 32

    /// Reads a value from UTF-8 JSON.
    /// - Throws: ``JSONError`` when the bytes are not JSON, are nested too deeply or have another shape.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(JSONError) -> Value {
        let value = try JSONReader.read(bytes)
        do {
            return try JSONTreeDecoder.decode(type, from: value, at: nil)
        } catch let error as DecodingError {
            throw .unexpectedShape(path: path(of: error))
        } catch {
            throw .unexpectedShape(path: "")
        }
    }

    /// Writes UTF-8 JSON with sorted names and unescaped slashes, so that equal values have equal bytes.
    public static func encode(_ value: some Encodable) throws(JSONError) -> [UInt8] {
        do {
            return try JSONWriter.write(try JSONTreeEncoder.node(of: value))
        } catch {
            throw .notEncodable
        }
    }

    /// Writes a value that knows how: the same bytes, several times faster.
    @inlinable
    public static func encode(_ value: some JSONWritable) throws(JSONError) -> [UInt8] {
        try JSONWriter.write(value)
    }

    private static func path(of error: DecodingError) -> String {
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context
            case .keyNotFound(let key, let context):
                DecodingError.Context(codingPath: context.codingPath + [key], debugDescription: "")
            @unknown default: nil
            }
        return (context?.codingPath ?? []).map(\.stringValue).joined(separator: ".")
    }
}

/// Why bytes could not be read or a value not written; says the place, never the value.
public enum JSONError: Error, Sendable, Hashable {
    /// Not UTF-8 JSON.
    case notJSON
    /// Nested deeper than ``JSONCoding/depthMax``.
    case tooDeep
    /// JSON of another shape than expected, at this path.
    case unexpectedShape(path: String)
    /// The value cannot be written, a number that is not finite for instance.
    case notEncodable
}
