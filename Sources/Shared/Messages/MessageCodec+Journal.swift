extension MessageCodec {
    /// The sealed value of an entry's record.
    ///
    /// It is a line of JSON, for people, and behind it what is sealed, as bytes: no text is made of those.
    /// - Throws: ``JSONError`` or ``SealingError`` when the content cannot be written.
    public func journalValue(
        _ summary: JournalSummary, _ content: [UInt8], of entry: JournalKey, provider: ProviderName
    ) throws -> [UInt8] {
        var value = try JSONCoding.encode(summary)
        value.append(Self.lineEnd)
        try keys.seal(content, context: Self.journalContext(provider, entry), into: &value)
        return value
    }

    /// Id of the key that seals what this process writes.
    public var sealingKeyID: String { keys.sealingKeyID }

    /// Whether a key of the ring has this id.
    public func hasSealingKey(_ id: String) -> Bool { keys.contains(id) }

    /// A journal's record for a partition of its provider's journal.
    public func record(
        for record: JournalRecord, of provider: ProviderName, partition: Int32
    ) -> KafkaRecord {
        KafkaRecord(
            topic: topics.journal(of: provider), partition: partition, key: record.key.bytes, value: record.value,
            headers: journalHeaders(id: record.id, record.mark))
    }

    /// The record by which a process becomes the owner of a partition.
    public func ownerRecord(
        id: String, epoch: Int64, summary: JournalSummary, of provider: ProviderName, partition: Int32
    ) -> KafkaRecord {
        KafkaRecord(
            topic: topics.journal(of: provider), partition: partition,
            key: JournalRecordKey(owner: id, epoch: epoch).bytes, value: try? JSONCoding.encode(summary),
            headers: journalHeaders(id: id, JournalMark()))
    }

    /// Three headers, by which a log of hundreds of millions of records is read; writer and time stand in the line in
    /// clear.
    private func journalHeaders(id: String, _ mark: JournalMark) -> [KafkaHeader] {
        [
            KafkaHeader(name: MessageHeaderName.id, text: id),
            KafkaHeader(name: MessageHeaderName.type, text: MessageType.journal.rawValue),
            KafkaHeader(name: MessageHeaderName.journalMark, text: mark.text),
        ]
    }

    /// Reads what readers of a journal must know of each record; the content stays sealed.
    ///
    /// - Parameter claimsSince: Unix milliseconds; callers' keys of records that are older are not asked for.
    public func journalReading(
        from fields: JournalRecordFields, _ hash: JournalHash, claimsSince: Int64
    ) throws(MessageError) -> JournalReading {
        try checkJournalType(fields.type)
        guard let key = fields.key.flatMap(JournalRecordKey.Parts.init) else {
            throw .malformed("the key is not one of a journal")
        }
        guard let id = fields.id else { throw .malformed("header ce_id is missing") }
        guard var mark = fields.mark.flatMap({ JournalMark($0) }) else {
            throw .malformed("header journal-mark is missing or ill-formed")
        }
        if fields.timestampMilliseconds < claimsSince { mark.claims = [] }
        if key.isOwner {
            return JournalReading(
                offset: fields.offset, timestampMilliseconds: fields.timestampMilliseconds, writer: key.writer,
                id: .init(id), subject: .owner, mark: mark, key: nil)
        }
        // What is open is few, and its name is needed.
        let name = mark.isOpen ? JournalKey(String(decoding: key.entry, as: UTF8.self)) : nil
        if mark.isOpen, name == nil { throw .malformed("the key is not one of a journal") }
        return JournalReading(
            offset: fields.offset, timestampMilliseconds: fields.timestampMilliseconds, writer: key.writer,
            id: .init(id), subject: .entry(hash.of(key.entry)), mark: mark, key: name)
    }

    /// The same of a message that was copied.
    public func journalReading(
        from message: KafkaMessage, _ hash: JournalHash, claimsSince: Int64
    ) throws(MessageError) -> JournalReading {
        let result = message.withJournalFields { fields in
            Result { () throws(MessageError) in try journalReading(from: fields, hash, claimsSince: claimsSince) }
        }
        return try result.get()
    }

    /// Reads a record of an entry whole; the content stays sealed.
    public func journalRecord(from message: KafkaMessage) throws(MessageError) -> JournalStoredRecord {
        try check(message, is: .journal)
        guard let key = message.key?.withUnsafeBytes({ JournalRecordKey($0) }) else {
            throw .malformed("the key is not one of a journal")
        }
        guard let mark = message.text(MessageHeaderName.journalMark).flatMap(JournalMark.init) else {
            throw .malformed("header journal-mark is missing or ill-formed")
        }
        guard let value = message.value else { throw .malformed("the record has no value") }
        return JournalStoredRecord(
            key: key, mark: mark, value: value, offset: message.offset,
            timestampMilliseconds: message.timestampMilliseconds ?? 0)
    }

    private func checkJournalType(_ bytes: UnsafeRawBufferPointer?) throws(MessageError) {
        guard let bytes else { throw .malformed("header ce_type is missing") }
        guard !bytes.elementsEqual(Self.journalType) else { return }
        guard bytes.starts(with: "pgm.".utf8) else { throw .malformed("header ce_type is not one of this system") }
        throw .unsupportedType(String(decoding: bytes.prefix(64), as: UTF8.self))
    }

    private static let journalType = Array(MessageType.journal.rawValue.utf8)

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

extension KafkaMessage {
    /// Lends the parts of a journal's record where they stand.
    func withJournalFields<Result>(_ body: (JournalRecordFields) -> Result) -> Result {
        Self.withBytes(key) { key in
            Self.withBytes(bytes(MessageHeaderName.type)) { type in
                Self.withBytes(bytes(MessageHeaderName.id)) { id in
                    Self.withBytes(bytes(MessageHeaderName.journalMark)) { mark in
                        body(
                            JournalRecordFields(
                                offset: offset, timestampMilliseconds: timestampMilliseconds ?? 0, key: key,
                                type: type, id: id, mark: mark))
                    }
                }
            }
        }
    }

    private func bytes(_ header: String) -> [UInt8]? { headers.last { $0.name == header }?.value }

    private static func withBytes<Result>(
        _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Result
    ) -> Result {
        guard let bytes else { return body(nil) }
        return bytes.withUnsafeBytes { body($0) }
    }
}
