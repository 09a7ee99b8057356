import Crypto
import Foundation
import Shared

@testable import Shared
@testable import Worker

extension FuzzTarget {
    /// Key, mark, line in clear and content of a journal's record; without content the line is the whole value.
    static let journalRecord = FuzzTarget(
        "journal-record",
        covers: "MessageCodec: records of journals; JournalKey, JournalRecordKey, JournalMark; contents of entries"
    ) {
        let parts = Fixture.parts($0, 4)
        let key = parts[0].withUnsafeBytes { JournalRecordKey($0) }
        if let key {
            let again = key.bytes.withUnsafeBytes { JournalRecordKey($0) }
            try Finding.unless(again == key, "a key is not read back")
        }
        if let mark = JournalMark(Fixture.text(parts.count > 1 ? parts[1] : [])) {
            try Finding.unless(JournalMark(mark.text) == mark, "a mark is not read back")
        }
        let message = journalMessage(parts, key)
        let reading = try read { try Fixture.codec.journalReading(from: message, hash, claimsSince: 0) }
        let record = try read { try Fixture.codec.journalRecord(from: message) }
        if let record {
            guard let reading else { throw Finding("a record is whole, and no reader takes it in") }
            try Finding.unless(record.key == key, "another key")
            try Finding.unless(reading.writer == record.key.writer, "another writer")
            try Finding.unless(reading.mark == record.mark, "another mark")
            let entry = record.key.entry
            try Finding.unless(
                reading.subject == (entry == .owner ? .owner : .entry(hash.of(entry))), "another entry")
            _ = try read { try Fixture.codec.journalSummary(from: record.value) }
            try checkContent(PaymentRecord.self, record)
            try checkContent(EffectState.self, record)
        }
    }

    /// Records of one partition: the first byte of each part chooses entry, writer and how far the log was cut, the
    /// rest is the record's mark.
    static let journalLog = FuzzTarget("journal-log", covers: "JournalLog, JournalPartition") {
        var partition = JournalPartition()
        var highest = JournalWriter(epoch: 0, generation: 0)
        for (number, part) in Fixture.parts($0, 200).enumerated() {
            guard let choice = part.first, let mark = JournalMark(Fixture.text(part.dropFirst())) else { continue }
            let key = JournalKey.payment(choice & 1 == 0 ? "a" : "b")
            let writer = JournalWriter(epoch: Int64(choice >> 4) + 1, generation: Int(choice >> 3 & 1))
            let offset = Int64(number)
            let reading = JournalReading(
                offset: offset, timestampMilliseconds: offset, writer: writer, id: .init("r.\(number)"),
                subject: choice & 6 == 0 ? .owner : .entry(hash.of(key)), mark: mark, key: mark.isOpen ? key : nil)
            let actions: [JournalPartition.Action]
            if choice & 6 == 2 {
                partition.sent()
                actions = partition.acknowledged(UInt64(number), reading)
            } else {
                actions = partition.received(reading)
            }
            let log = partition.log
            if actions.contains(.reset(assignment: nil)) { highest = log.writer }
            try Finding.unless(log.writer >= highest, "the writer goes back")
            highest = log.writer
            for place in log.places(of: hash.of(key)) {
                try Finding.unless(place <= offset, "a record is known that was not read")
            }
            if choice & 7 == 7 {
                _ = partition.bounded(Int64(number / 2)..<offset + 1, askedAt: log.position, isFollowed: true)
            }
        }
        for (group, hashes) in partition.log.groups {
            for hash in hashes {
                try Finding.unless(partition.log.open[hash]?.group == group, "a group is open whose entry is not")
            }
        }
    }

    /// A file that an earlier process has left: a line that says what follows, and what follows.
    static let journalSnapshot = FuzzTarget("journal-snapshot", covers: "JournalSnapshotStore") { input in
        let directory = FileManager.default.temporaryDirectory.appending(path: "fuzz-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try JournalSnapshotStore(directory: directory, name: "fuzz")
        let parts = Fixture.parts(input, 2)
        let line = Array(Fixture.text(parts[0]).replacing("@@", with: store.secretName).utf8)
        let body = parts.count > 1 ? parts[1] : []
        var digest = SHA256()
        digest.update(data: body)
        digest.update(data: line)
        var file = Data(digest.finalize()) + line + [UInt8(ascii: "\n")]
        file.append(Data(count: max(0, (1 << 20) - file.count)))
        try (file + body).write(to: URL(filePath: store.path(of: 0)))
        guard let found = store.load(0) else { return }
        var log = JournalLog(found)
        for name in ["a", "b"] {
            let hash = store.hash.of(.payment(name))
            _ = log.places(of: hash)
            _ = log.read(
                JournalReading(
                    offset: log.position, timestampMilliseconds: 1, writer: log.writer, id: .init("r"),
                    subject: .entry(hash), mark: JournalMark(), key: nil))
        }
        try Finding.unless(log.position >= 0, "a position before the log")
    }

    /// Lane, value and content of a task, with `@@` in the value in place of the sealed content.
    static let taskRecord = FuzzTarget("task-record", covers: "MessageCodec: tasks between lanes") {
        let parts = Fixture.parts($0, 3)
        var value = parts.count > 1 ? parts[1] : []
        let context = MessageType.task.rawValue + ":" + Fixture.id.value + ":" + Fixture.text(parts[0])
        if parts.count > 2, let sealed = try? Fixture.keys.seal(parts[2], context: context) {
            value = Array(Fixture.text(value).replacing("@@", with: sealed).utf8)
        }
        let headers = [
            KafkaHeader(name: MessageHeaderName.type, text: MessageType.task.rawValue),
            KafkaHeader(name: MessageHeaderName.id, text: Fixture.id.value),
        ]
        let message = KafkaMessage(
            topic: "pgm", partition: 1, offset: 2, key: parts[0], value: value, headers: headers)
        try Finding.unless(Fixture.codec.isTask(message), "a task is not known as one")
        guard let task = try read({ try Fixture.codec.task(from: message) }) else { return }
        let record = try Fixture.codec.record(for: task, partitionCount: 12)
        try Finding.unless(
            try Fixture.codec.task(from: Fixture.read(record)) == task, "another task is read than was stored")
    }

    private static let hash = JournalHash(secret: Array(repeating: 7, count: JournalHash.secretBytes))

    private static func journalMessage(_ parts: [[UInt8]], _ key: JournalRecordKey?) -> KafkaMessage {
        var value = parts.count > 2 ? parts[2] : nil
        let context = MessageType.journal.rawValue + ":stripe:" + (key?.entry.text ?? "")
        if parts.count > 3 {
            var whole = (value ?? []) + [UInt8(ascii: "\n")]
            if (try? Fixture.keys.seal(parts[3], context: context, into: &whole)) != nil { value = whole }
        }
        let headers = [
            KafkaHeader(name: MessageHeaderName.type, text: MessageType.journal.rawValue),
            KafkaHeader(name: MessageHeaderName.id, text: "r.1.worker.1"),
            KafkaHeader(name: MessageHeaderName.journalMark, text: Fixture.text(parts.count > 1 ? parts[1] : [])),
        ]
        return KafkaMessage(
            topic: "pgm", partition: 1, offset: 2, key: parts[0], value: value, headers: headers)
    }

    /// What an entry holds is written as it was read.
    private static func checkContent<Content: Codable & Hashable>(
        _ type: Content.Type, _ record: JournalStoredRecord
    ) throws {
        let stripe: ProviderName = ProviderName("stripe")
        let content = try read {
            try Fixture.codec.journalContent(type, from: record.value, key: record.key.entry, of: stripe)
        }
        guard let content else { return }
        let again = try JSONCoding.decode(type, from: try JSONCoding.encode(content))
        try Finding.unless(again == content, "an entry is not read back")
    }
}
