import Foundation
import Testing

@testable import Shared

/// What writes itself writes what an encoder would have made of it.
@Suite struct JSONWritableTests {
    private static func byEncoder(_ value: some Encodable) throws -> [UInt8] { try JSONCoding.encode(value) }

    private func expectSameBytes(_ value: some JSONWritable) throws {
        let (written, encoded) = (try JSONCoding.encode(value), try Self.byEncoder(value))
        #expect(String(decoding: written, as: UTF8.self) == String(decoding: encoded, as: UTF8.self))
    }

    @Test func messagesAreWrittenAsTheirEncoderWouldHave() throws {
        var repeated = MessageFixtures.fullCommand()
        repeated.claim = IdempotencyClaim(
            scope: String(repeating: "ab", count: 16), keyHash: String(repeating: "cd", count: 32),
            joins: MessageFixtures.id)
        for command in [repeated, MessageFixtures.fullCommand(), MessageFixtures.callbackCommand()] {
            try expectSameBytes(CommandWire(command, sealed: "k1.A/b+c=="))
            try expectSameBytes(command.payload)
        }
        try expectSameBytes(CommandPayload())
        let reply = try MessageFixtures.reply()
        try expectSameBytes(ReplyWire(reply, sealed: "s"))
        try expectSameBytes(ReplyWire(Reply(commandID: reply.commandID, statusCode: 200, body: []), sealed: ""))
        for isNotified in [true, false] {
            let result = MessageFixtures.result(isNotified: isNotified)
            try expectSameBytes(ResultWire(result, sealed: isNotified ? "s" : nil))
        }
    }

    @Test func partsOfThemAreToo() throws {
        try expectSameBytes(MessageFixtures.journalSummary)
        try expectSameBytes(JournalSummary())
        try expectSameBytes(Money(minorUnits: -1, currency: .euro))
        try expectSameBytes(PaymentReference())
        try expectSameBytes(PaymentReference(shopTransactionID: "a\"\\/\u{1}", paymentID: "é"))
        try expectSameBytes(PaymentReply(result: .ko, resultDescription: ""))
        try expectSameBytes(
            PaymentReply(
                result: .redirectToURL, resultDescription: "line\nline", paymentID: "p", redirectToUrl: "https://a/b",
                redirectToUrlMobile: "app://x", shopTransactionID: "not part of it"))
        let value: JSONValue = [
            "b": [.null, .boolean(true), .integer(.min), .number(1.5)], "a": .object([:]), "é": "x", "aa": "y",
        ]
        try expectSameBytes(value)
    }

    /// Every character that needs an escape, and its neighbours, at every place of a word of eight bytes.
    @Test func everyCharacterIsReadBackWhereverItStands() throws {
        let scalars = (0..<0x82).compactMap(Unicode.Scalar.init) + ["é", "€", "😀"]
        for scalar in scalars {
            for place in 0..<19 {
                let text =
                    String(repeating: "x", count: place) + String(scalar) + String(repeating: "y", count: 19 - place)
                let bytes = try JSONCoding.encode(JSONValue.string(text))
                #expect(try JSONCoding.decode(JSONValue.self, from: bytes) == .string(text))
                let data = Data([UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")])
                #expect(try JSONSerialization.jsonObject(with: data) as? [String] == [text])
            }
        }
    }

    @Test func namesAreInTheOrderOfTheirBytes() throws {
        let names = [
            "", "a", "aa", "b", "A", "é", "z", "a\u{301}", "aaaaaaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaa",
        ]
        let value = JSONValue.object(Dictionary(uniqueKeysWithValues: names.map { ($0, .null) }))
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let expected = "{" + sorted.map { "\"\($0)\":null" }.joined(separator: ",") + "}"
        #expect(String(decoding: try JSONCoding.encode(value), as: UTF8.self) == expected)
    }
}
