import Shared
import Testing

@testable import Worker

struct UnreadableRecordTests {
    private static let untouched = Script([])

    private static func key(_ id: String, _ byte: UInt8) throws -> SealingKeyRing.Key {
        try SealingKeyRing.Key(id: id, bytes: [UInt8](repeating: byte, count: 32)).unwrapped()
    }

    @Test func poisonBecomesADeadLetterThatHoldsTheWholeRecord() async throws {
        let workshop = Workshop()
        var message = try workshop.message(Workshop.command(.pay))
        message.value = Array("not a command".utf8)
        #expect(await workshop.process(message, Self.untouched) == .done)
        let letter = try #require(try workshop.deadLettersRead().first)
        #expect(letter.reason == "the value is not JSON")
        #expect(letter.original.topic == message.topic)
        #expect(letter.original.partition == message.partition)
        #expect(letter.original.offset == 41)
        #expect(letter.original.key == message.key)
        #expect(letter.original.value == message.value)
        #expect(letter.original.headers == message.headers)
        let stored = try #require(workshop.sender.stored(in: workshop.codec.topics.deadLetters).first)
        let visible = String(decoding: stored.value ?? [], as: UTF8.self)
        #expect(!visible.contains("not a command"))
        #expect(workshop.sender.storedCount == 2)
        // Who waits for it is told.
        #expect(try workshop.replies().map(\.statusCode) == [500])
        #expect(try Workshop.error(try workshop.replies().first).code == .internalError)
        #expect(Self.untouched.calls.isEmpty)
    }

    @Test func damageOfTheSealedPartIsPoison() async throws {
        let workshop = Workshop()
        let one = try workshop.message(Workshop.command(.pay))
        var other = try workshop.message(Workshop.command(.pay))
        other.value = one.value
        #expect(await workshop.process(other, Self.untouched) == .done)
        #expect(try workshop.deadLettersRead().map(\.reason) == ["the sealed part does not open"])
    }

    @Test func aRecordWithoutValueIsPoison() async throws {
        let workshop = Workshop()
        var message = try workshop.message(Workshop.command(.pay))
        message.value = nil
        #expect(await workshop.process(message, Self.untouched) == .done)
        #expect(try workshop.deadLettersRead().map(\.reason) == ["the record has no value"])
    }

    @Test func aNewerVersionStopsThePartitionAndNothingIsPublished() async throws {
        let workshop = Workshop()
        var message = try workshop.message(Workshop.command(.pay))
        for index in message.headers.indices where message.headers[index].name == MessageHeaderName.type {
            message.headers[index].value = Array("pgm.command.v2".utf8)
        }
        #expect(await workshop.process(message, Self.untouched) == .stopPartition)
        #expect(workshop.sender.attempts == 0)
    }

    @Test func anUnknownSealingKeyStopsThePartitionAndNothingIsPublished() async throws {
        let workshop = Workshop()
        let theirs = try SealingKeyRing(keys: [try Self.key("newer", 7)]).unwrapped()
        let record = try Workshop.codec(keys: theirs).record(for: Workshop.command(.pay), partitionCount: 12)
        #expect(await workshop.process(record.asRead(), Self.untouched) == .stopPartition)
        #expect(workshop.sender.attempts == 0)
    }

    @Test func anOperationThatTheProviderDoesNotHaveIsADeadLetter() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.sessionVoid))
        #expect(await workshop.process(message, Self.untouched) == .done)
        #expect(try workshop.deadLettersRead().map(\.reason) == ["the provider does not have this operation"])
    }

    @Test func aCommandOfAnotherProviderIsADeadLetter() async throws {
        let workshop = Workshop()
        var command = Workshop.command(.pay)
        command.provider = ProviderName("other")
        #expect(await workshop.process(try workshop.message(command), Self.untouched) == .done)
        #expect(try workshop.deadLettersRead().count == 1)
    }
}
