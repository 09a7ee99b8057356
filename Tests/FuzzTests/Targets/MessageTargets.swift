import Shared

@testable import Shared

extension FuzzTarget {
    /// The value and up to eight headers of a record; the first byte chooses what it is taken for.
    ///
    /// With `@@` in place of the sealed part the second part of the input is sealed for it, so that what is inside is
    /// reached too.
    static let commandRecord = FuzzTarget("command-record", covers: "MessageCodec: commands and their headers") {
        let message = message($0, as: .command)
        guard let command = try read({ try Fixture.codec.command(from: message) }) else { return }
        try checkStored(command)
        _ = command.lane.key
    }

    /// As ``commandRecord``, for the records that others read.
    static let otherRecords = FuzzTarget("other-records", covers: "MessageCodec: replies, results, dead letters") {
        let types: [MessageType] = [.reply, .result, .deadLetter]
        let type = types[Int($0.first ?? 0) % types.count]
        let message = message($0.dropFirst(), as: type)
        _ = Fixture.codec.addressee(of: message)
        switch type {
        case .reply:
            guard let reply = try read({ try Fixture.codec.reply(from: message) }) else { return }
            let address = ReplyAddress(partition: 0, instance: "fuzz")
            let again = try Fixture.codec.record(for: reply, to: address, atMilliseconds: Fixture.nowMilliseconds)
            try Finding.unless(
                try Fixture.codec.reply(from: Fixture.read(again)) == reply, "a reply is not read back")
        case .result:
            guard let result = try read({ try Fixture.codec.result(from: message) }) else { return }
            try checkStored(result)
        case .deadLetter:
            guard let letter = try read({ try Fixture.codec.deadLetter(from: message) }) else { return }
            try checkDeadLetter(letter.original)
        case .command, .task, .journal: break
        }
        // Whatever cannot be read becomes a dead letter, so that must be possible for every record.
        try checkDeadLetter(message)
    }

    /// A sealed text, and bytes that are sealed for a context.
    static let sealing = FuzzTarget("sealing", covers: "SealingKeyRing.open") {
        let parts = Fixture.parts($0, 2)
        let text = Fixture.text(parts[0])
        let isOpened = (try? Fixture.keys.open(text, context: "context")) != nil
        try Finding.unless(!isOpened, "a text that nobody sealed opens")
        guard parts.count == 2 else { return }
        let sealed = try Fixture.keys.seal(parts[1], context: text)
        try Finding.unless(try Fixture.keys.open(sealed, context: text) == parts[1], "what was sealed is not opened")
        let isMoved = (try? Fixture.keys.open(sealed, context: text + "|")) != nil
        try Finding.unless(!isMoved, "what was sealed for one place opens in another")
        // The place of the change is the input's choice.
        var changed = Array(sealed.utf8)
        let place = parts[1].count % changed.count
        changed[place] = changed[place] == 0x41 ? 0x42 : 0x41
        let damaged = try? Fixture.keys.open(Fixture.text(changed), context: text)
        try Finding.unless(damaged == nil, "a changed text opens")
    }

    static func checkStored(_ result: ResultEvent) throws {
        let record = try Fixture.codec.record(for: result, partitionCount: 12)
        let read = try Fixture.codec.result(from: Fixture.read(record))
        try Finding.unless(read == result, "the notifier reads another result than was stored")
    }

    private static func checkDeadLetter(_ message: KafkaMessage) throws {
        let record = try Fixture.codec.deadLetter(
            for: message, reason: "fuzz", partitionCount: 3, atMilliseconds: Fixture.nowMilliseconds)
        let original = try Fixture.codec.deadLetter(from: Fixture.read(record)).original
        try Finding.unless(
            original.key == message.key && original.value == message.value && original.headers == message.headers,
            "a dead letter does not hold the record")
    }

    /// What is read, or `nil` when the record is refused as it may be.
    static func read<Content>(_ body: () throws -> Content) throws -> Content? {
        do {
            return try body()
        } catch let error as MessageError {
            if case .malformed(let text) = error { try Finding.unless(!text.isEmpty, "refused without a reason") }
            return nil
        }
    }

    /// The parts of an input: value, content to be sealed, then names and values of headers by turns.
    private static func message(_ bytes: some Collection<UInt8>, as type: MessageType) -> KafkaMessage {
        let parts = Fixture.parts(bytes, 18)
        var value = parts[0]
        var headers = [
            KafkaHeader(name: MessageHeaderName.type, text: type.rawValue),
            KafkaHeader(name: MessageHeaderName.id, text: Fixture.id.value),
            KafkaHeader(name: MessageHeaderName.correlationID, text: Fixture.id.value),
        ]
        if parts.count > 1, let sealed = try? Fixture.keys.seal(parts[1], context: context(of: value, type)) {
            value = Array(Fixture.text(value).replacing("@@", with: sealed).utf8)
        }
        for place in stride(from: 2, to: parts.count, by: 2) {
            let content = place + 1 < parts.count ? parts[place + 1] : nil
            headers.append(KafkaHeader(name: Fixture.text(parts[place]), value: content))
        }
        return KafkaMessage(
            topic: "pgm", partition: 1, offset: 2, key: parts.count > 1 ? parts[1] : nil, value: value,
            headers: headers)
    }

    private static func context(of value: [UInt8], _ type: MessageType) -> String {
        let base = type.rawValue + ":"
        switch type {
        case .command:
            let wire = try? CommandWire(try JSONMembers(try JSONReader.read(value)))
            return base + Fixture.id.value + (wire?.sealedTogether ?? "")
        case .deadLetter:
            guard let wire = try? JSONCoding.decode(DeadLetterWire.self, from: value) else { return base }
            return base + "\(wire.topic)/\(wire.partition)/\(wire.offset)"
        case .reply, .result, .task, .journal: return base + Fixture.id.value
        }
    }
}
