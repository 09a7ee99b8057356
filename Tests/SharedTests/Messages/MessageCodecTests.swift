import Testing

@testable import Shared

@Suite struct MessageCodecTests {
    private let codec = MessageFixtures.codec

    @Test func commandsSurviveTheTopic() throws {
        for command in [MessageFixtures.fullCommand(), MessageFixtures.callbackCommand()] {
            let record = try codec.record(for: command, partitionCount: 12)
            #expect(try codec.command(from: MessageFixtures.message(record)) == command)
            #expect(record.key.map { String(decoding: $0, as: UTF8.self) } == command.lane.key)
            #expect(record.topic == "pgm.commands." + command.provider.value)
            #expect((0..<12).contains(record.partition))
        }
    }

    @Test(arguments: Operation.allCases)
    func everyOperationSurvivesTheTopic(operation: Operation) throws {
        var command = MessageFixtures.callbackCommand()
        command.operation = operation
        command.payload = CommandPayload()
        let record = try codec.record(for: command, partitionCount: 1)
        #expect(try codec.command(from: MessageFixtures.message(record)) == command)
    }

    @Test func commandsOfOneLaneShareAPartition() throws {
        var other = MessageFixtures.fullCommand()
        other.id = CommandID.make(atUnixMilliseconds: 5)
        other.operation = .refund
        let partitions = try [MessageFixtures.fullCommand(), other].map {
            try codec.record(for: $0, partitionCount: 1000).partition
        }
        #expect(Set(partitions).count == 1)
    }

    @Test func repliesSurviveTheTopicAndNameTheirAddressee() throws {
        let reply = try MessageFixtures.reply()
        let address = ReplyAddress(partition: 7, instance: "ingress/a-1")
        let record = try codec.record(for: reply, to: address, atMilliseconds: 0)
        let message = MessageFixtures.message(record)
        #expect(try codec.reply(from: message) == reply)
        #expect(record.partition == 7)
        #expect(record.topic == "pgm.replies")
        let addressee = try #require(codec.addressee(of: message))
        #expect(addressee.instance == "ingress/a-1")
        #expect(addressee.commandID == reply.commandID)
        #expect(codec.addressee(of: message.with(header: "reply-to", nil)) == nil)
        #expect(codec.addressee(of: message.with(header: "correlation-id", "x")) == nil)
    }

    @Test func resultsSurviveTheTopicWithAndWithoutNotification() throws {
        for result in [MessageFixtures.result(), MessageFixtures.result(isNotified: false)] {
            let record = try codec.record(for: result, partitionCount: 12)
            #expect(try codec.result(from: MessageFixtures.message(record)) == result)
            #expect(record.key == Array("stripe:ORDER-1".utf8))
        }
    }

    @Test func deadLettersKeepTheRecordAsItWas() throws {
        let record = try MessageFixtures.deadLetter()
        let (reason, original) = try codec.deadLetter(from: MessageFixtures.message(record))
        #expect(reason == "the value is not JSON")
        #expect((original.topic, original.partition, original.offset) == ("pgm.commands.stripe", 3, 42))
        #expect(original.key == Array(MessageFixtures.sensitive[2].utf8))
        #expect(original.value == Array(MessageFixtures.sensitive[0].utf8))
        #expect(original.headers.map(\.name) == [MessageFixtures.sensitive[1], "empty"])
        #expect(original.headers.last?.value == nil)
    }

    @Test func aRecordWithNothingInItBecomesADeadLetterToo() throws {
        let empty = KafkaMessage(topic: "t", partition: 0, offset: .max, key: nil, value: nil)
        let record = try codec.deadLetter(for: empty, reason: "r", partitionCount: 1, atMilliseconds: 0)
        let original = try codec.deadLetter(from: MessageFixtures.message(record)).original
        #expect(original.key == nil && original.value == nil && original.headers.isEmpty)
    }

    @Test(arguments: MessageType.allCases)
    func headersFollowCloudEvents(type: MessageType) throws {
        for record in try #require(try MessageFixtures.records()[type]) {
            let message = MessageFixtures.message(record)
            #expect(message.text("ce_type") == type.rawValue)
            #expect(message.text("ce_id")?.isEmpty == false)
            #expect(Set(record.headers.map(\.name)).count == record.headers.count)
            // The journal's records have no header that its readers do not look at.
            guard type != .journal else {
                #expect(Set(record.headers.map(\.name)) == ["ce_id", "ce_type", "journal-mark"])
                continue
            }
            #expect(message.text("ce_specversion") == "1.0")
            #expect(message.text("ce_source") == "ingress/7")
            #expect(message.text("content-type") == "application/json")
            #expect(["2026-09-21T14:13:20.123Z", "1970-01-01T00:00:00.000Z"].contains(message.text("ce_time")))
        }
    }

    @Test func ownHeadersOfACommandAreTexts() throws {
        let message = MessageFixtures.message(try codec.record(for: MessageFixtures.fullCommand(), partitionCount: 1))
        #expect(message.text("deadline") == "1790000020123")
        #expect(message.text("reply-to") == "7/ingress/a-1")
        #expect(message.text("ce_subject") == "s:ORDER-1")
        #expect(message.text("traceparent")?.hasPrefix("00-") == true)
    }

    @Test(arguments: ["7/a", "0/a/b", "2147483647/x"])
    func replyAddressesAreReadAsTheyAreWritten(text: String) {
        #expect(ReplyAddress(text)?.text == text)
    }

    @Test(arguments: ["", "7", "/", "7/", "/a", "a/b", "-1/a", "2147483648/a", "7.0/a"])
    func otherTextsAreNoReplyAddress(text: String) {
        #expect(ReplyAddress(text) == nil)
    }
}
