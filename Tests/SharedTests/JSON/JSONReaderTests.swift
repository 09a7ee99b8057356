import Foundation
import Testing

@testable import Shared

/// Our reader and writer beside Foundation's, which share no code with them.
@Suite struct JSONReaderTests {
    private static func read(_ text: String) throws -> JSONValue {
        try JSONCoding.decode(JSONValue.self, from: Array(text.utf8))
    }

    /// A value of any kind, of texts that need every way of escaping.
    private static func random(depth: Int, _ generator: inout some RandomNumberGenerator) -> JSONValue {
        let letters = [
            "a", "\"", "\\", "/", "\n", "\r", "\t", "\u{8}", "\u{C}", "\u{0}", "\u{1F}", "é", "€", "😀", "\u{7F}",
        ]
        func text() -> String {
            (0..<Int.random(in: 0...6, using: &generator)).map { _ in letters.randomElement(using: &generator) ?? "" }
                .joined()
        }
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
        case 0: return .null
        case 1: return .boolean(Bool.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &generator) + 0.5)
        case 4: return .string(text())
        case 5:
            return .array((0..<3).map { _ in random(depth: depth - 1, &generator) })
        default:
            let members = (0..<4).map { _ in (text(), random(depth: depth - 1, &generator)) }
            return .object(Dictionary(members) { first, _ in first })
        }
    }

    @Test func whatOneWritesTheOtherReads() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let value = Self.random(depth: 4, &generator)
            let ours = try JSONCoding.encode(value)
            #expect(try JSONCoding.decode(JSONValue.self, from: ours) == value)
            #expect(try JSONDecoder().decode(JSONValue.self, from: Data(ours)) == value)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted]
            let theirs = Array(try encoder.encode(value))
            #expect(try JSONCoding.decode(JSONValue.self, from: theirs) == value)
        }
    }

    /// Cuts and changes of a valid text: both readers agree on what is JSON.
    @Test func bothRefuseTheSameTexts() {
        // No two changes make two names alike: Foundation does not look at a value whose name comes again.
        let text = Array(
            #"{"aei":[1,-2.5e3,true,null,"x\n\u00e9\ud83d\ude00"],"bfj":{"c":"/é"},"cgk":0.5,"dhl":false}"#.utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var changed = text
            for _ in 0...Int.random(in: 0...1, using: &generator) {
                let place = Int.random(in: 0..<changed.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: changed.remove(at: place)
                case 1: changed[place] = text[Int.random(in: 0..<text.count, using: &generator)]
                default: changed[place] = UInt8.random(in: 0x20...0x7E, using: &generator)
                }
            }
            let ours = try? JSONCoding.decode(JSONValue.self, from: changed)
            let theirs = try? JSONDecoder().decode(JSONValue.self, from: Data(changed))
            #expect((ours == nil) == (theirs == nil), "\(String(decoding: changed, as: UTF8.self))")
            if ours?.objectValue?.count == 4 { #expect(ours == theirs) }
        }
    }

    @Test(arguments: [
        "[1,]", "{\"a\":1,}", "[,1]", "[1 2]", "{\"a\" 1}", "{a:1}", "[01]", "[-]", "[1.]", "[.5]", "[1e]", "[+1]",
        "[\"\\ud83d\"]", "[\"\\ud83dx\"]", "[\"\\ude00\"]", "[\"\\ud83d\\u0041\"]", "[\"\\u12g4\"]", "[\"\\u12",
        "[\"\t\"]", "[tru]", "[true1]", "", " ", "[NaN]", "[1]x", "{\"a\":1 \"b\":2}", "{,}", "\u{FEFF}\u{FEFF}1",
    ])
    func whatTheGrammarDoesNotHaveIsRefused(text: String) {
        #expect(throws: JSONError.notJSON) { try Self.read(text) }
    }

    @Test(arguments: [
        ("\u{FEFF}1", JSONValue.integer(1)), (" \t\r\n[ ] ", .array([])), ("1.0", .integer(1)), ("1e2", .integer(100)),
        ("-0", .integer(0)), ("\"\\ud83d\\ude00\\/\"", .string("😀/")),
        ("{\"a\":1,\"a\":2}", .object(["a": .integer(1)])),
    ])
    func whatItHasIsReadAsFoundationReadsIt(text: String, value: JSONValue) throws {
        #expect(try Self.read(text) == value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) == value)
    }

    @Test func aTextIsWrittenAsFoundationWritesIt() throws {
        let texts = (0...0x2F).map { String(UnicodeScalar(UInt8($0))) } + ["é", "😀", "\u{2028}", "\u{7F}"]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let value = ["text": texts]
        #expect(try JSONCoding.encode(value) == Array(try encoder.encode(value)))
    }
}

@Suite struct JSONTreeCodingTests {
    private struct Everything: Codable, Equatable {
        struct Inner: Codable, Equatable { var value: [String: Int] }

        var flag = true
        var text = "x/y"
        var double = 1.5
        var float: Float = 0.25
        var int = -1
        var int8: Int8 = -8
        var int16: Int16 = -16
        var int32: Int32 = -32
        var int64: Int64 = .min
        var uint: UInt = 1
        var uint8: UInt8 = 8
        var uint16: UInt16 = 16
        var uint32: UInt32 = 32
        var uint64: UInt64 = 64
        var none: String?
        var some: Int? = 5
        var inner = Inner(value: ["a": 1])
        var list: [Inner?] = [nil, Inner(value: [:])]
        var json: [String: JSONValue] = ["n": .null, "a": .array([1, "b", .number(2.5)])]
        var operation = Operation.payExpire
    }

    @Test func everyTypeGoesThereAndBackAsWithFoundation() throws {
        let value = Everything()
        let bytes = try JSONCoding.encode(value)
        #expect(try JSONCoding.decode(Everything.self, from: bytes) == value)
        #expect(try JSONDecoder().decode(Everything.self, from: Data(bytes)) == value)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(bytes == Array(try encoder.encode(value)))
    }

    private struct Nested: Encodable {
        enum Keys: String, CodingKey { case a, b, c, d }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var list = container.nestedUnkeyedContainer(forKey: .a)
            var inner = list.nestedContainer(keyedBy: Keys.self)
            try inner.encode(1, forKey: .b)
            var innerList = list.nestedUnkeyedContainer()
            try innerList.encode("x")
            try innerList.encodeNil()
            var keyed = container.nestedContainer(keyedBy: Keys.self, forKey: .b)
            try keyed.encodeNil(forKey: .c)
            try "s".encode(to: container.superEncoder(forKey: .c))
        }
    }

    @Test func nestedContainersAreWrittenInTheirPlace() throws {
        let text = String(decoding: try JSONCoding.encode(Nested()), as: UTF8.self)
        #expect(text == #"{"a":[{"b":1},["x",null]],"b":{"c":null},"c":"s"}"#)
    }

    @Test(arguments: ["{\"v\":300}", "{\"v\":-1}", "{\"v\":1.5}", "{\"v\":\"1\"}", "{\"v\":null}", "{}"])
    func aNumberThatDoesNotFitIsAnotherShape(text: String) {
        struct Holder: Decodable { var v: UInt8 }
        #expect(throws: JSONError.unexpectedShape(path: "v")) {
            try JSONCoding.decode(Holder.self, from: Array(text.utf8))
        }
    }
}
