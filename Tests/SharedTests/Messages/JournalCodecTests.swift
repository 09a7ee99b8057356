import Testing

@testable import Shared

struct JournalCodecTests {
    private let codec = MessageFixtures.codec
    private static let stripe: ProviderName = ProviderName("stripe")

    @Test func aRecordOfAJournalStandsInThePartitionOfItsCommandsAndIsReadBack() throws {
        let entry = try MessageFixtures.journalEntry()
        let record = try MessageFixtures.journalRecord()
        #expect(record.topic == "pgm.journal.stripe")
        #expect(record.partition == 5)
        #expect(record.key == Array("p:ORDER-1".utf8))
        var message = MessageFixtures.message(record)
        message.offset = 41
        let reading = try codec.journalReading(from: message)
        #expect(reading.id == entry.id)
        #expect(reading.key == entry.key)
        #expect(reading.mark == entry.mark)
        #expect(reading.offset == 41)
        let value = try #require(reading.value)
        #expect(try codec.journalSummary(from: value) == entry.summary)
        let content = try codec.journalContent(JSONValue.self, from: value, key: entry.key, of: Self.stripe)
        #expect(content == MessageFixtures.journalContent)
    }

    @Test func aStateIsRepeatedWithoutBeingOpenedAndEndedByATombstone() throws {
        let value = try #require(try MessageFixtures.journalRecord().value)
        var mark = JournalMark(epoch: 13)
        mark.repeats = 41
        for repeated in [value, nil] {
            let record = codec.record(
                repeating: repeated, id: "repeat.1", key: .payment("ORDER-1"), mark: mark, of: Self.stripe,
                partition: 5, atMilliseconds: 1)
            let reading = try codec.journalReading(from: MessageFixtures.message(record))
            #expect(reading.value == repeated)
            #expect(reading.mark == mark)
        }
    }

    @Test func anEntrysContentDoesNotOpenAsThatOfAnotherEntryOrProvider() throws {
        let value = try #require(try MessageFixtures.journalRecord().value)
        for (key, provider) in [(JournalKey.payment("ORDER-2"), "stripe"), (.payment("ORDER-1"), "generic-provider")] {
            let provider = try #require(ProviderName(provider))
            let error = #expect(throws: MessageError.self) {
                try codec.journalContent(JSONValue.self, from: value, key: key, of: provider)
            }
            #expect(error?.isPoison == true)
        }
    }

    @Test func withoutAKeyOrAMarkARecordIsNoneOfAJournal() throws {
        let message = MessageFixtures.message(try MessageFixtures.journalRecord())
        var odd = [message.with(header: "journal-mark", nil), message.with(header: "journal-mark", "e=0"), message]
        odd[2].key = nil
        var otherKey = message
        otherKey.key = Array("ORDER-1".utf8)
        for message in odd + [otherKey] {
            let error = #expect(throws: MessageError.self) { try codec.journalReading(from: message) }
            #expect(error?.isPoison == true)
        }
    }

    @Test func everyKindOfTaskIsWrittenInItsLaneAndReadBack() throws {
        for task in MessageFixtures.tasks() {
            let record = try codec.record(for: task, partitionCount: 12)
            #expect(record.topic == "pgm.commands.stripe")
            #expect(record.key == Array("s:ORDER-1".utf8))
            #expect(record.partition == Partitioner.partition(forKey: Array("s:ORDER-1".utf8), count: 12))
            let message = MessageFixtures.message(record)
            #expect(codec.isTask(message))
            #expect(try codec.task(from: message) == task)
        }
        let command = try codec.record(for: MessageFixtures.fullCommand(), partitionCount: 12)
        #expect(!codec.isTask(MessageFixtures.message(command)))
    }

    @Test func aTaskMovedToAnotherLaneDoesNotOpen() throws {
        let task = try #require(MessageFixtures.tasks().first)
        var message = MessageFixtures.message(try codec.record(for: task, partitionCount: 12))
        message.key = Array("s:ORDER-2".utf8)
        let error = #expect(throws: MessageError.self) { try codec.task(from: message) }
        #expect(error?.isPoison == true)
    }

    @Test func aRequestIsKnownAgainByItsCodeAsLongAsTheKeyIsThere() throws {
        let code = codec.requestCode(of: [1, 2])
        #expect(codec.isCode(code, of: [1, 2]) == true)
        #expect(codec.isCode(code, of: [1, 3]) == false)
        let ring = try #require(SealingKeyRing(keys: [MessageFixtures.key("k9", 1)].compactMap { $0 }))
        let stranger = MessageCodec(topics: TopicNames(), source: "worker/1", keys: ring)
        #expect(stranger.isCode(code, of: [1, 2]) == nil)
    }
}
