import Testing

@testable import Shared

@Suite struct JSONCodingTests {
    private struct Order: Codable, Equatable {
        struct Line: Codable, Equatable { var quantity: Int }

        var name: String
        var lines: [Line]
    }

    private func decode(_ text: String) throws -> JSONValue {
        try JSONCoding.decode(JSONValue.self, from: Array(text.utf8))
    }

    @Test(arguments: [
        ("null", JSONValue.null), ("true", .boolean(true)), ("false", .boolean(false)), ("0", .integer(0)),
        ("-1", .integer(-1)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("1.5", .number(1.5)), ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("\"\"", .string("")),
        ("\"1\"", .string("1")), ("\"true\"", .string("true")), ("[]", .array([])), ("{}", .object([:])),
        (
            "{\"a\":[1,null,{\"b\":\"\\u00e9\"}]}",
            .object(["a": .array([.integer(1), .null, .object(["b": "é"].mapValues(JSONValue.string))])])
        ),
    ])
    func everyKindOfValueIsReadAsWhatItIs(text: String, value: JSONValue) throws {
        #expect(try decode(text) == value)
        #expect(try JSONCoding.decode(JSONValue.self, from: try JSONCoding.encode(value)) == value)
    }

    @Test func nestingUpToTheLimitIsRead() throws {
        let deepest = JSONCoding.depthMax
        let text = String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)
        #expect(throws: Never.self) { try decode(text) }
        #expect(throws: JSONError.tooDeep) { try decode("[" + text + "]") }
    }

    @Test(arguments: ["[", "{\"a\":", "]", "}"])
    func aBombOfBracketsIsRefused(piece: String) {
        let bomb = String(repeating: piece, count: 200_000)
        #expect(throws: JSONError.self) { try decode(bomb) }
    }

    @Test func bracketsInStringsDoNotCount() throws {
        let text = "\"" + String(repeating: "[{\\\"", count: 100) + "\""
        #expect(try decode(text).stringValue?.count == 300)
    }

    @Test(
        arguments: [
            [], [0xFF], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
            [0x00],
            [0x22], [0x7B], [0x5B, 0x31, 0x2C], [0x22, 0x0A, 0x22], Array("{\"a\"}".utf8), Array("nul".utf8),
            Array("{} {}".utf8), Array("'a'".utf8), Array("01".utf8), Array("\"\\x\"".utf8), Array("[1}".utf8),
        ] as [[UInt8]])
    func whatIsNoJSONIsAnError(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONCoding.decode(JSONValue.self, from: bytes) }
    }

    @Test func ofRepeatedNamesOneWins() throws {
        let value = try decode("{\"a\":1,\"a\":2}")
        #expect(value.objectValue?.count == 1)
        #expect([1, 2].contains(value["a"]?.integerValue))
    }

    @Test(arguments: ["1e400", "-1e400", String(repeating: "9", count: 5_000), "1e99999999999999999999", "1e-400"])
    func hugeAndTinyNumbersNeverTrap(text: String) {
        if let value = try? decode("[\(text)]") {
            #expect(value.arrayValue?.first?.integerValue == nil || value == .array([.integer(0)]))
        }
        struct Holder: Decodable { var number: Int64 }
        let bytes = Array("{\"number\":\(text)}".utf8)
        #expect((try? JSONCoding.decode(Holder.self, from: bytes))?.number ?? 0 == 0)
    }

    @Test(arguments: [
        ("{\"name\":1,\"lines\":[]}", "name"), ("{\"name\":\"x\"}", "lines"), ("{\"name\":null,\"lines\":[]}", "name"),
        ("{\"name\":\"x\",\"lines\":{}}", "lines"),
    ])
    func anotherShapeIsReportedByItsPath(text: String, path: String) {
        #expect(throws: JSONError.unexpectedShape(path: path)) {
            try JSONCoding.decode(Order.self, from: Array(text.utf8))
        }
    }

    @Test(arguments: [
        "[]", "null", "\"secret-value\"", "1", "{\"name\":\"x\",\"lines\":[{\"quantity\":\"secret-value\"}]}",
    ])
    func anErrorNeverShowsAValue(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONCoding.decode(Order.self, from: Array(text.utf8)) }
        #expect(error.map { "\($0)".contains("secret-value") } == false)
    }

    @Test func equalValuesHaveEqualBytes() throws {
        let value = JSONValue.object(["b": .string("a/b"), "a": .integer(1)])
        #expect(String(decoding: try JSONCoding.encode(value), as: UTF8.self) == "{\"a\":1,\"b\":\"a/b\"}")
    }

    @Test func aNumberThatIsNotFiniteCannotBeWritten() {
        #expect(throws: JSONError.notEncodable) { try JSONCoding.encode(JSONValue.number(.infinity)) }
    }

    @Test func membersThatAreNullOrMissingAreAbsent() {
        let value = JSONValue.object(["null": .null, "text": .string("x"), "flag": .boolean(true)])
        #expect(value["null"] == nil)
        #expect(value["missing"] == nil)
        #expect(value["text"]?.stringValue == "x")
        #expect(value["flag"]?.booleanValue == true)
        #expect(value["text"]?.integerValue == nil)
        #expect(JSONValue.string("x")["text"] == nil)
        #expect(JSONValue.null.stringValue == nil)
    }

    @Test func aNumberWhoseFractionIsLostIsTheSameWhenItIsReadAgain() throws {
        let read = try JSONCoding.decode(JSONValue.self, from: Array("88888888888888888.884".utf8))
        #expect(read == .integer(88_888_888_888_888_896))
        #expect(try JSONCoding.decode(JSONValue.self, from: JSONCoding.encode(read)) == read)
    }
}
