import Crypto

/// The parts of a journal's record that its readers look at, where they stand in the client's memory.
public struct JournalRecordFields {
    /// Place in the partition.
    public var offset: Int64
    /// Unix milliseconds at which it was written; 0 when the broker does not say.
    public var timestampMilliseconds: Int64
    /// Kafka key.
    public var key: UnsafeRawBufferPointer?
    /// Header `ce_type`.
    public var type: UnsafeRawBufferPointer?
    /// Header `ce_id`.
    public var id: UnsafeRawBufferPointer?
    /// Header `journal-mark`.
    public var mark: UnsafeRawBufferPointer?

    /// Collects the parts.
    public init(
        offset: Int64, timestampMilliseconds: Int64, key: UnsafeRawBufferPointer?, type: UnsafeRawBufferPointer?,
        id: UnsafeRawBufferPointer?, mark: UnsafeRawBufferPointer?
    ) {
        self.offset = offset
        self.timestampMilliseconds = timestampMilliseconds
        self.key = key
        self.type = type
        self.id = id
        self.mark = mark
    }

    /// The parts of a record that the client has.
    public init(_ record: KafkaRecordView) {
        self.init(
            offset: record.offset, timestampMilliseconds: record.timestampMilliseconds ?? 0, key: record.key,
            type: record.header(JournalHeaderName.type), id: record.header(JournalHeaderName.id),
            mark: record.header(JournalHeaderName.mark))
    }
}

/// A record of a journal as its readers take it in: by key and mark, without its value.
public struct JournalReading: Sendable, Hashable {
    /// What the record is about.
    public enum Subject: Sendable, Hashable {
        /// The ownership of the partition.
        case owner
        /// An entry.
        case entry(JournalEntryHash)
    }

    /// A hash of a record's id, by which a writer knows its own record.
    public struct RecordID: Sendable, Hashable, Codable {
        /// The hash.
        public let hash: UInt64

        /// Takes an id's bytes.
        init(_ bytes: UnsafeRawBufferPointer) {
            // FNV-1a: the ids are this system's own.
            hash = bytes.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        }

        /// Takes an id.
        public init(_ id: String) {
            var id = id
            self = id.withUTF8 { RecordID(UnsafeRawBufferPointer($0)) }
        }
    }

    /// Place in the partition.
    public var offset: Int64
    /// Unix milliseconds at which it was written; 0 when the broker does not say.
    public var timestampMilliseconds: Int64
    /// Who wrote it.
    public var writer: JournalWriter
    /// Which record it is.
    public var id: RecordID
    /// What it is about.
    public var subject: Subject
    /// What its writer says of the entry.
    public var mark: JournalMark
    /// The entry's name, when it is open.
    public var key: JournalKey?

    /// Collects a reading.
    public init(
        offset: Int64, timestampMilliseconds: Int64, writer: JournalWriter, id: RecordID, subject: Subject,
        mark: JournalMark, key: JournalKey?
    ) {
        self.offset = offset
        self.timestampMilliseconds = timestampMilliseconds
        self.writer = writer
        self.id = id
        self.subject = subject
        self.mark = mark
        self.key = key
    }
}

/// 80 bits of a keyed hash of an entry's name.
///
/// Of 25 million entries in a partition two are alike with a probability of 3 in 10,000,000,000; that is noticed when
/// the record is read, and treated as a damaged index.
public struct JournalEntryHash: Sendable, Hashable, Codable {
    /// The first 64 bits.
    public let high: UInt64
    /// 16 more.
    public let low: UInt16

    /// Takes the bits.
    public init(high: UInt64, low: UInt16) {
        self.high = high
        self.low = low
    }
}

/// Hashes names of entries with a secret, so that nobody can choose two that are alike.
public struct JournalHash: Sendable {
    /// Bytes of the secret.
    public static let secretBytes = 16

    /// The secret; a snapshot of an index keeps it.
    public let secret: [UInt8]

    /// Takes a secret of ``secretBytes`` bytes, or makes one.
    public init(secret: [UInt8]? = nil) {
        if let secret, secret.count == Self.secretBytes {
            self.secret = secret
        } else {
            self.secret = (0..<Self.secretBytes).map { _ in UInt8.random(in: .min ... .max) }
        }
    }

    /// The hash of a name.
    public func of(_ name: UnsafeRawBufferPointer) -> JournalEntryHash {
        withUnsafeTemporaryAllocation(byteCount: Self.secretBytes + name.count, alignment: 1) { buffer in
            buffer.copyBytes(from: secret)
            UnsafeMutableRawBufferPointer(rebasing: buffer[Self.secretBytes...]).copyMemory(from: name)
            let digest = SHA256.hash(data: UnsafeRawBufferPointer(buffer))
            return digest.withUnsafeBytes { digest in
                JournalEntryHash(
                    high: digest.loadUnaligned(as: UInt64.self),
                    low: digest.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
            }
        }
    }

    /// The hash of an entry.
    public func of(_ key: JournalKey) -> JournalEntryHash {
        var text = key.text
        return text.withUTF8 { of(UnsafeRawBufferPointer($0)) }
    }
}
