extension MessageCodec {
    /// A journal's record for a partition of its provider's journal.
    ///
    /// Its value is a line of JSON, for people, and behind it what is sealed, as bytes: no text is made of those.
    /// - Throws: ``JSONError`` or ``SealingError`` when the content cannot be written.
    public func record(
        for entry: JournalRecord, of provider: ProviderName, partition: Int32, atMilliseconds now: Int64
    ) throws -> KafkaRecord {
        let value = try entry.content.map { content in
            try JSONCoding.encode(entry.summary) + [Self.lineEnd]
                + keys.sealBytes(content, context: Self.journalContext(provider, entry.key))
        }
        return record(
            repeating: value, id: entry.id, key: entry.key, mark: entry.mark, of: provider, partition: partition,
            atMilliseconds: now)
    }

    /// The same state of an entry once more, or its end when there is no value.
    public func record(
        repeating value: [UInt8]?, id: String, key: JournalKey, mark: JournalMark, of provider: ProviderName,
        partition: Int32, atMilliseconds now: Int64
    ) -> KafkaRecord {
        var headers = headers(
            .journal, id: id, subject: nil, atMilliseconds: now, contentType: "application/octet-stream")
        headers.append(KafkaHeader(name: MessageHeaderName.journalMark, text: mark.text))
        return KafkaRecord(
            topic: topics.journal(of: provider), partition: partition, key: Array(key.text.utf8), value: value,
            headers: headers)
    }

    /// Headers that ``journalReading(from:)`` asks for.
    public static let journalHeaders: Set<String> = [
        MessageHeaderName.type, MessageHeaderName.id, MessageHeaderName.journalMark,
    ]

    /// Reads what readers of a journal must know; the content stays sealed.
    public func journalReading(from message: KafkaMessage) throws(MessageError) -> JournalReading {
        try check(message, is: .journal)
        guard let key = message.key.flatMap({ JournalKey(String(decoding: $0, as: UTF8.self)) }) else {
            throw .malformed("the key is not one of a journal")
        }
        guard let mark = message.text(MessageHeaderName.journalMark).flatMap(JournalMark.init) else {
            throw .malformed("header journal-mark is missing or ill-formed")
        }
        return JournalReading(
            id: message.text(MessageHeaderName.id) ?? "", key: key, mark: mark, value: message.value,
            offset: message.offset)
    }

    /// Opens the value of an entry.
    public func journalContent<Content: Decodable>(
        _ type: Content.Type, from value: [UInt8], key: JournalKey, of provider: ProviderName
    ) throws(MessageError) -> Content {
        guard let end = value.firstIndex(of: Self.lineEnd) else { throw .malformed("the value has no sealed part") }
        let context = Self.journalContext(provider, key)
        let content = try opened { () throws(SealingError) in try keys.openBytes(value[(end + 1)...], context: context)
        }
        return try decode(type, from: content)
    }

    /// What stands in clear in the value of an entry.
    public func journalSummary(from value: [UInt8]) throws(MessageError) -> JournalSummary {
        try decode(JournalSummary.self, from: Array(value.prefix { $0 != Self.lineEnd }))
    }

    /// JSON has none that is not escaped.
    private static let lineEnd = UInt8(ascii: "\n")

    /// A code by which a request is known again without being kept.
    public func requestCode(of request: [UInt8]) -> String { keys.authenticationCode(of: request) }

    /// Whether a code is that of a request; `nil` when it was made with a key that is not in the ring any more.
    public func isCode(_ code: String, of request: [UInt8]) -> Bool? { keys.verifies(code, of: request) }

    private static func journalContext(_ provider: ProviderName, _ key: JournalKey) -> String {
        context(.journal, provider.value + ":" + key.text)
    }
}
