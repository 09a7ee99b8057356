/// What an entry of a journal is about.
public struct JournalKey: Sendable, Hashable, Codable {
    /// A letter, a colon and an identifier; `o` for the ownership of the partition.
    public let text: String

    private init(unchecked text: String) { self.text = text }

    /// Who owns the partition.
    public static let owner = JournalKey(unchecked: "o")
    /// A payment, with every attempt at it, by the merchant's identifier.
    public static func payment(_ shopTransactionID: String) -> JournalKey {
        JournalKey(unchecked: "p:" + shopTransactionID)
    }
    /// An effect that a command asks for, other than a payment.
    public static func command(_ id: CommandID) -> JournalKey { JournalKey(unchecked: "c:" + id.value) }
    /// An effect that follows from an observation, `capture` of a payment for instance.
    public static func followUp(_ name: String, of paymentID: String) -> JournalKey {
        JournalKey(unchecked: "x:" + name + ":" + paymentID)
    }

    /// Whether the entry is a payment with its attempts.
    public var isPayment: Bool { text.hasPrefix("p:") }

    /// Takes the name of an entry; `nil` for anything that is none.
    public init?(_ text: String) {
        let isEntry = ["p:", "c:", "x:"].contains { text.hasPrefix($0) && text.utf8.count > 2 }
        guard text == Self.owner.text || isEntry else { return nil }
        self.text = text
    }
}

/// Who wrote a record of a journal: an ownership of the partition, and a producer of the process that held it.
///
/// Ordered by epoch, then by generation: a record of a lower writer never counts against one of a higher writer.
public struct JournalWriter: Sendable, Hashable, Comparable, Codable {
    /// Number of the ownership, from 1.
    public var epoch: Int64
    /// Number of the process's producer, from 0: it rises when one that failed for good is replaced.
    public var generation: Int

    /// Names a writer.
    public init(epoch: Int64, generation: Int) {
        self.epoch = epoch
        self.generation = generation
    }

    /// Whether a writer is lower than another one.
    public static func < (left: JournalWriter, right: JournalWriter) -> Bool {
        (left.epoch, left.generation) < (right.epoch, right.generation)
    }

    /// Highest epoch that is taken from a record, so that the next one still is a number.
    static let epochMax: Int64 = 1_000_000_000_000_000
    /// Highest generation that is taken from a record.
    static let generationMax = Int(Int32.max)
}

/// The Kafka key of a journal's record: the entry and the writer, `p:order-4@7.0`.
///
/// Compaction keeps the last record of each key. So it never has to choose between the records of two writers, and what
/// it leaves is all that decides the state of an entry. An owner's record has the key `o@7.` and its own id, so that
/// compaction removes none of them.
public struct JournalRecordKey: Sendable, Hashable {
    /// The entry.
    public var entry: JournalKey
    /// Who wrote the record.
    public var writer: JournalWriter
    /// Id of an owner's record; empty for entries.
    public var ownerID: String

    /// The key of an entry's record.
    public init(_ entry: JournalKey, _ writer: JournalWriter) {
        self.entry = entry
        self.writer = writer
        self.ownerID = ""
    }

    /// The key of an owner's record.
    public init(owner id: String, epoch: Int64) {
        self.entry = .owner
        self.writer = JournalWriter(epoch: epoch, generation: 0)
        self.ownerID = id
    }

    /// The key as bytes.
    public var bytes: [UInt8] {
        let suffix = entry == .owner ? ownerID : String(writer.generation)
        return Array((entry.text + "@" + String(writer.epoch) + "." + suffix).utf8)
    }

    /// Reads a key; `nil` for anything that is none.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard let parts = Parts(bytes), let entry = JournalKey(String(decoding: parts.entry, as: UTF8.self)) else {
            return nil
        }
        self.entry = entry
        self.writer = parts.writer
        self.ownerID = parts.isOwner ? String(decoding: parts.suffix, as: UTF8.self) : ""
    }

    /// The parts of a key where they stand, without making text of them.
    public struct Parts {
        /// The name of the entry.
        public let entry: UnsafeRawBufferPointer
        /// Who wrote the record.
        public let writer: JournalWriter
        /// Whether it is an owner's record.
        public let isOwner: Bool
        let suffix: UnsafeRawBufferPointer

        /// Takes a key apart; `nil` when it is not of the form.
        public init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count > 2, Self.isText(bytes) else { return nil }
            let isOwner = bytes[0] == UInt8(ascii: "o") && bytes[1] == UInt8(ascii: "@")
            let sign = isOwner ? 1 : bytes.lastIndex(of: UInt8(ascii: "@"))
            guard let sign, isOwner || sign > 2 && Self.isEntry(bytes[0], bytes[1]) else { return nil }
            let behind = UnsafeRawBufferPointer(rebasing: bytes[(sign + 1)...])
            guard let point = behind.firstIndex(of: UInt8(ascii: ".")) else { return nil }
            let suffix = UnsafeRawBufferPointer(rebasing: behind[(point + 1)...])
            guard let epoch = DecimalDigits.number(behind[..<point]), epoch > 0, epoch <= JournalWriter.epochMax
            else { return nil }
            self.entry = UnsafeRawBufferPointer(rebasing: bytes[..<sign])
            self.suffix = suffix
            self.isOwner = isOwner
            if isOwner {
                self.writer = JournalWriter(epoch: epoch, generation: 0)
                return
            }
            guard let generation = DecimalDigits.number(suffix[...]), generation <= JournalWriter.generationMax else {
                return nil
            }
            self.writer = JournalWriter(epoch: epoch, generation: Int(generation))
        }

        /// A name that is no text would be another one when it is read as text.
        private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
            bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
        }

        private static func isEntry(_ kind: UInt8, _ colon: UInt8) -> Bool {
            colon == UInt8(ascii: ":")
                && (kind == UInt8(ascii: "p") || kind == UInt8(ascii: "c") || kind == UInt8(ascii: "x"))
        }
    }
}

/// Numbers written in ASCII digits.
enum DecimalDigits {
    /// The number; `nil` for anything but 1 to 18 digits.
    static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int64? {
        guard (1...18).contains(digits.count) else { return nil }
        var number: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
