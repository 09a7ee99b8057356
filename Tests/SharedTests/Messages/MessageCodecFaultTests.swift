import Foundation
import Testing

@testable import Shared

@Suite struct MessageCodecFaultTests {
    private let codec = MessageFixtures.codec

    private func messages(_ type: MessageType) throws -> [KafkaMessage] {
        try #require(try MessageFixtures.records()[type]).map(MessageFixtures.message)
    }

    /// The kinds that are sealed for an id of their own, and the header that has it.
    private static let identified: [(MessageType, String)] = [
        (.command, "ce_id"), (.result, "ce_id"), (.reply, "correlation-id"), (.task, "ce_id"),
    ]

    private func isMalformed(_ message: KafkaMessage, as type: MessageType) -> Bool {
        do {
            try MessageFixtures.read(message, as: type)
            return false
        } catch let error as MessageError {
            return error.isPoison
        } catch {
            return false
        }
    }

    @Test(arguments: MessageType.allCases)
    func truncatedValuesAreMalformedAtEveryLength(type: MessageType) throws {
        for message in try messages(type) {
            let value = try #require(message.value)
            for length in 0..<value.count {
                var cut = message
                cut.value = Array(value.prefix(length))
                #expect(isMalformed(cut, as: type), "cut to \(length) bytes")
            }
        }
    }

    @Test(arguments: MessageType.allCases)
    func damagedBytesNeverTrap(type: MessageType) throws {
        for message in try messages(type) {
            let value = try #require(message.value)
            for index in value.indices {
                for byte in [UInt8(0), 0x22, 0x7B, 0xFF] {
                    var damaged = message
                    damaged.value?[index] = byte
                    // What is not sealed may still be readable; a damaged key id is an unknown key.
                    do { try MessageFixtures.read(damaged, as: type) } catch { #expect(error is MessageError) }
                }
            }
        }
    }

    @Test(arguments: MessageType.allCases)
    func otherValuesAreMalformed(type: MessageType) throws {
        let texts = ["", "null", "[]", "{}", "1", "\"x\"", String(repeating: "[", count: 100_000), "\u{0}"]
        for message in try messages(type) {
            for text in texts {
                var other = message
                other.value = Array(text.utf8)
                #expect(isMalformed(other, as: type))
            }
            var tombstone = message
            tombstone.value = nil
            #expect(isMalformed(tombstone, as: type))
        }
    }

    @Test(arguments: MessageType.allCases)
    func aMissingOrForeignTypeIsMalformed(type: MessageType) throws {
        for message in try messages(type) {
            #expect(isMalformed(message.with(header: "ce_type", nil), as: type))
            #expect(isMalformed(message.with(header: "ce_type", "com.example.order"), as: type))
            var odd = message.with(header: "ce_type", nil)
            odd.headers.append(KafkaHeader(name: "ce_type", value: nil))
            #expect(isMalformed(odd, as: type))
            odd.headers.append(KafkaHeader(name: "ce_type", value: [0xFF, 0xFE]))
            #expect(isMalformed(odd, as: type))
        }
    }

    @Test(arguments: MessageType.allCases)
    func aNewerVersionStopsAndIsNoPoison(type: MessageType) throws {
        let newer = type.rawValue + "0"
        for message in try messages(type) {
            #expect(throws: MessageError.unsupportedType(newer)) {
                try MessageFixtures.read(message.with(header: "ce_type", newer), as: type)
            }
        }
        #expect(!MessageError.unsupportedType(newer).isPoison)
        #expect(!MessageError.unknownSealingKey.isPoison)
    }

    @Test(arguments: MessageType.allCases)
    func aKindIsNeverReadAsAnother(type: MessageType) throws {
        for message in try messages(type) {
            for other in MessageType.allCases where other != type {
                #expect(throws: MessageError.unsupportedType(type.rawValue)) {
                    try MessageFixtures.read(message, as: other)
                }
            }
        }
    }

    @Test(arguments: MessageType.allCases)
    func aKeyThatThisProcessLacksStopsAndIsNoPoison(type: MessageType) throws {
        let key = try #require(MessageFixtures.key("k9", 1))
        let ring = try #require(SealingKeyRing(keys: [key]))
        let stranger = MessageCodec(topics: TopicNames(), source: "worker/1", keys: ring)
        let message = try #require(try messages(type).first)
        #expect(throws: MessageError.unknownSealingKey) {
            try MessageFixtures.read(message, as: type, by: stranger)
        }
    }

    @Test(arguments: ["", "x", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01arz3ndektsv4rrffq69g5fav"])
    func anIllFormedIDIsMalformed(text: String) throws {
        for (type, header) in Self.identified {
            let message = try #require(try messages(type).first)
            #expect(isMalformed(message.with(header: header, text), as: type))
            #expect(isMalformed(message.with(header: header, nil), as: type))
        }
    }

    @Test func aSealedPartMovedToAnotherMessageDoesNotOpen() throws {
        let other = CommandID.make(atUnixMilliseconds: 7).value
        for (type, header) in Self.identified {
            let message = try #require(try messages(type).first)
            #expect(isMalformed(message.with(header: header, other), as: type))
        }
        let letter = try #require(try messages(.deadLetter).first)
        #expect(isMalformed(try letter.with(member: "offset", .integer(43)), as: .deadLetter))
        let replyValue = try #require(try messages(.reply).first?.value)
        let reply = try JSONCoding.decode(JSONValue.self, from: replyValue)
        let command = try #require(try messages(.command).first)
        #expect(isMalformed(try command.with(member: "sealed", reply["sealed"]), as: .command))
    }

    @Test(arguments: [
        ("deadline", "soon"), ("deadline", ""), ("deadline", "-1"), ("deadline", "9223372036854775808"),
        ("deadline", "9223372036854775807"), ("deadline", "-9223372036854775808"), ("reply-to", "nowhere"),
        ("reply-to", "-1/a"), ("reply-to", ""),
    ])
    func oddHeadersOfACommandAreMalformed(name: String, text: String) throws {
        let message = try #require(try messages(.command).first)
        #expect(isMalformed(message.with(header: name, text), as: .command))
    }

    @Test(
        arguments: [
            ("attempt", JSONValue.integer(0)), ("attempt", .integer(.min)), ("attempt", .integer(.max)),
            ("notBeforeMilliseconds", .integer(.min)), ("notBeforeMilliseconds", .integer(.max)),
            ("acceptedAtMilliseconds", .integer(-1)), ("acceptedAtMilliseconds", .integer(.max)),
            ("acceptedAtMilliseconds", .number(1.5)), ("provider", "Not A Name"), ("operation", "steal"),
            ("amount", .object(["currency": "EUR", "minorUnits": .integer(-1)])),
            ("amount", .object(["currency": "eur", "minorUnits": .integer(1)])), ("amount", "5.00"), ("sealed", .null),
            ("sealed", "k1.AAAA"),
        ] as [(String, JSONValue)])
    func valuesOutOfRangeAreMalformed(name: String, value: JSONValue) throws {
        let message = try #require(try messages(.command).first)
        #expect(isMalformed(try message.with(member: name, value), as: .command))
    }

    @Test func statusesAndTimesOutOfRangeAreMalformed() throws {
        let reply = try #require(try messages(.reply).first)
        for statusCode in [0, 99, 600, -1, Int64.max] {
            #expect(isMalformed(try reply.with(member: "statusCode", .integer(statusCode)), as: .reply))
        }
        let result = try #require(try messages(.result).first)
        #expect(isMalformed(try result.with(member: "occurredAtMilliseconds", .integer(.max)), as: .result))
        #expect(isMalformed(try result.with(member: "webhookID", nil), as: .result))
    }

    @Test func unknownMembersAndHeadersAreIgnored() throws {
        let message = try #require(try messages(.command).first)
        let later = try message.with(member: "addedLater", .integer(1)).with(header: "ce_added", "x")
        #expect(try codec.command(from: later) == MessageFixtures.fullCommand())
    }

    @Test func nothingSealedIsReadableAnywhereInARecord() throws {
        for record in try MessageFixtures.records().values.joined() {
            var texts = [record.topic, record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""]
            texts += record.headers.flatMap { [$0.name, $0.value.map { String(decoding: $0, as: UTF8.self) } ?? ""] }
            let value = try #require(record.value)
            let clear = try #require(MessageFixtures.message(record).clearValue)
            texts += Self.texts(in: try JSONCoding.decode(JSONValue.self, from: clear))
            texts.append(String(decoding: value, as: UTF8.self))
            for text in texts {
                for sensitive in MessageFixtures.sensitive {
                    for form in [sensitive, Data(sensitive.utf8).base64EncodedString()] {
                        #expect(!text.contains(form))
                    }
                }
            }
        }
    }

    @Test func noErrorShowsWhatTheMessageHolds() throws {
        for type in MessageType.allCases {
            for message in try messages(type) {
                let wrong = try message.withDamage("SENTINEL").with(header: "deadline", "SENTINEL")
                let error = #expect(throws: MessageError.self) { try MessageFixtures.read(wrong, as: type) }
                #expect(error.map { "\($0)".contains("SENTINEL") } == false)
            }
        }
    }

    /// Every string of a value, and what a base64 string holds, down to the leaves.
    private static func texts(in value: JSONValue) -> [String] {
        switch value {
        case .string(let text):
            let parts = [text] + text.split(separator: ".").map(String.init)
            let decoded = parts.compactMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
            return parts + decoded
        case .array(let elements): return elements.flatMap(texts)
        case .object(let members): return members.flatMap { [$0.key] + texts(in: $0.value) }
        default: return []
        }
    }
}
