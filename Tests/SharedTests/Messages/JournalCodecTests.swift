import Testing

@testable import Shared

struct JournalCodecTests {
    private let codec = MessageFixtures.codec
    private static let stripe: ProviderName = ProviderName("stripe")

    private static let hash = JournalHash()

    private func reading(_ message: KafkaMessage, claimsSince: Int64 = 0) throws(MessageError) -> JournalReading {
        try codec.journalReading(from: message, Self.hash, claimsSince: claimsSince)
    }

    @Test func aRecordOfAJournalStandsInThePartitionOfItsCommandsAndIsReadBack() throws {
        let entry = try MessageFixtures.journalEntry()
        let record = try MessageFixtures.journalRecord()
        #expect(record.topic == "pgm.journal.stripe")
        #expect(record.partition == 5)
        #expect(record.key == Array("p:ORDER-1@12.1".utf8))
        var message = MessageFixtures.message(record)
        message.offset = 41
        message.timestampMilliseconds = 1_790_000_000_123
        let reading = try reading(message)
        #expect(reading.id == JournalReading.RecordID(entry.id))
        #expect(reading.subject == .entry(Self.hash.of(.payment("ORDER-1"))))
        #expect(reading.writer == JournalWriter(epoch: 12, generation: 1))
        #expect(reading.mark == entry.mark)
        #expect(reading.key == .payment("ORDER-1"))
        #expect(reading.offset == 41)
        #expect(reading.timestampMilliseconds == 1_790_000_000_123)
        let stored = try codec.journalRecord(from: message)
        #expect(stored.key == entry.key)
        #expect(stored.mark == entry.mark)
        #expect(stored.offset == 41)
        #expect(try codec.journalSummary(from: stored.value) == MessageFixtures.journalSummary)
        let content = try codec.journalContent(
            JSONValue.self, from: stored.value, key: .payment("ORDER-1"), of: Self.stripe)
        #expect(content == MessageFixtures.journalContent)
    }

    @Test func anOwnersRecordIsReadBackWithoutAnEntry() throws {
        let record = MessageFixtures.ownerRecord()
        #expect(record.key == Array("o@12.owner.12.worker-1.1".utf8))
        let reading = try reading(MessageFixtures.message(record))
        #expect(reading.subject == .owner)
        #expect(reading.writer == JournalWriter(epoch: 12, generation: 0))
        #expect(reading.id == JournalReading.RecordID("owner.12.worker-1.1"))
        #expect(reading.key == nil)
        #expect(reading.timestampMilliseconds == 0)
    }

    @Test func theNameOfAnEntryIsReadOnlyWhenItIsOpenAndItsCallersKeysOnlyWhenTheyAreYoung() throws {
        var message = MessageFixtures.message(try MessageFixtures.journalRecord())
        message.timestampMilliseconds = 99
        #expect(try reading(message, claimsSince: 99).mark.claims == [JournalClaim(bits: 7)])
        #expect(try reading(message, claimsSince: 100).mark.claims.isEmpty)
        let closed = try reading(message.with(header: "journal-mark", "s=s"))
        #expect(closed.key == nil)
        #expect(closed.subject == .entry(Self.hash.of(.payment("ORDER-1"))))
    }

    @Test func aRecordWithoutAValueIsNoStateOfAnEntry() throws {
        var message = MessageFixtures.message(try MessageFixtures.journalRecord())
        message.value = nil
        let error = #expect(throws: MessageError.self) { try codec.journalRecord(from: message) }
        #expect(error?.isPoison == true)
    }

    @Test func aRecordOfALaterVersionIsNotPoison() throws {
        let message = MessageFixtures.message(try MessageFixtures.journalRecord())
        let later = message.with(header: "ce_type", "pgm.journal.v99")
        #expect(throws: MessageError.unsupportedType("pgm.journal.v99")) { try reading(later) }
        for type in [nil, "com.example"] {
            let error = #expect(throws: MessageError.self) { try reading(message.with(header: "ce_type", type)) }
            #expect(error?.isPoison == true)
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
        var odd = [
            message.with(header: "journal-mark", nil), message.with(header: "journal-mark", "s=z"),
            message.with(header: "ce_id", nil),
        ]
        for key in [nil, "ORDER-1", "p:ORDER-1", "q:a@1.0"] {
            var other = message
            other.key = key.map { Array($0.utf8) }
            odd.append(other)
        }
        for message in odd {
            let error = #expect(throws: MessageError.self) { try reading(message) }
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
