import Shared

@testable import Shared
@testable import Worker

extension FuzzTarget {
    /// Key, mark, line in clear and content of a journal's record; without content the line is the whole value.
    static let journalRecord = FuzzTarget(
        "journal-record", covers: "MessageCodec: records of journals; JournalKey, JournalMark; contents of entries"
    ) {
        let parts = Fixture.parts($0, 4)
        let key = JournalKey(Fixture.text(parts[0]))
        if let mark = JournalMark(Fixture.text(parts.count > 1 ? parts[1] : [])) {
            try Finding.unless(JournalMark(mark.text) == mark, "a mark is not read back")
        }
        let message = journalMessage(parts, key)
        guard let reading = try read({ try Fixture.codec.journalReading(from: message) }) else { return }
        try Finding.unless(reading.key == key, "another key")
        let again = Fixture.codec.record(
            repeating: reading.value, id: reading.id, key: reading.key, mark: reading.mark,
            of: ProviderName("stripe"), partition: 1, atMilliseconds: Fixture.nowMilliseconds)
        var readAgain = try Fixture.codec.journalReading(from: Fixture.read(again))
        readAgain.offset = reading.offset
        try Finding.unless(readAgain == reading, "a repeated state is not the state")
        guard let value = reading.value else { return }
        _ = try read { try Fixture.codec.journalSummary(from: value) }
        try checkContent(PaymentRecord.self, value, reading)
        try checkContent(EffectState.self, value, reading)
        try checkContent(ClaimState.self, value, reading)
    }

    /// Records of one partition: the first byte of each part chooses the entry, and whether there is a value; the rest
    /// is its mark.
    static let journalLog = FuzzTarget("journal-log", covers: "JournalLog") {
        var log = JournalLog()
        var rows: [JournalKey: JournalRow] = [:]
        for (offset, part) in Fixture.parts($0, 200).enumerated() {
            guard let choice = part.first, let mark = JournalMark(Fixture.text(part.dropFirst())) else { continue }
            let keys: [JournalKey] = [.owner, .payment("a"), .payment("b"), .claim("c")]
            let reading = JournalReading(
                id: String(choice), key: keys[Int(choice) % keys.count], mark: mark,
                value: choice & 4 == 0 ? Array("{}".utf8) : nil, offset: Int64(offset))
            let epoch = log.epoch
            let verdict = log.read(reading) { rows[$0] }
            try Finding.unless(log.epoch >= epoch, "the epoch goes back")
            try Finding.unless(log.position == Int64(offset) + 1, "a record is read twice")
            // The index keeps what the log says; from time to time, so that both places are asked.
            let changed = log.changes
            if choice & 8 == 0 {
                for (key, row) in changed { rows[key] = row }
                log.stored(changed)
                try Finding.unless(log.changes.isEmpty, "what is stored counts as changed")
            }
            guard verdict == .void, case .some(.some(let row)) = changed[reading.key] else { continue }
            try Finding.unless(row.offset != Int64(offset) || row.value == nil, "a void record counts")
        }
        for (group, key) in log.openGroups {
            try Finding.unless(log.attention[key]?.mark.group == group, "a group is open whose entry is not")
        }
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

    private static func journalMessage(_ parts: [[UInt8]], _ key: JournalKey?) -> KafkaMessage {
        var value = parts.count > 2 ? parts[2] : nil
        let context = MessageType.journal.rawValue + ":stripe:" + (key?.text ?? "")
        if parts.count > 3, let sealed = try? Fixture.keys.sealBytes(parts[3], context: context) {
            value = (value ?? []) + [UInt8(ascii: "\n")] + sealed
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
        _ type: Content.Type, _ value: [UInt8], _ reading: JournalReading
    ) throws {
        let stripe: ProviderName = ProviderName("stripe")
        let content = try read {
            try Fixture.codec.journalContent(type, from: value, key: reading.key, of: stripe)
        }
        guard let content else { return }
        let again = try JSONCoding.decode(type, from: try JSONCoding.encode(content))
        try Finding.unless(again == content, "an entry is not read back")
    }
}
