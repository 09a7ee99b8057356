/// What an entry of a journal is about; the Kafka key of its records, so that the last one of each entry stays.
public struct JournalKey: Sendable, Hashable {
    /// `o`, or a letter, a colon and an identifier.
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
    /// A caller's idempotency key, by ``IdempotencyClaim/keyHash``.
    public static func claim(_ keyHash: String) -> JournalKey { JournalKey(unchecked: "k:" + keyHash) }
    /// An effect that follows from an observation, `capture` of a payment for instance.
    public static func followUp(_ name: String, of paymentID: String) -> JournalKey {
        JournalKey(unchecked: "x:" + name + ":" + paymentID)
    }

    /// Whether the entry is a payment with its attempts.
    public var isPayment: Bool { text.hasPrefix("p:") }

    /// Takes the key of a record; `nil` for anything that is no key of a journal.
    public init?(_ text: String) {
        let isEntry = ["p:", "c:", "k:", "x:"].contains { text.hasPrefix($0) && text.utf8.count > 2 }
        guard text == Self.owner.text || isEntry else { return nil }
        self.text = text
    }
}

/// What readers of a journal must know of a record before they look into it; travels in one header.
///
/// As text, `e=12;s=a;a=01J….12.3;g=5f3a…;o=1;x=1767225600000;r=41`: epoch, stage, attempt, group, whether it is open,
/// expiry, the offset of the state that it repeats. What is absent is left out.
public struct JournalMark: Sendable, Hashable {
    /// How far an effect is; later ones never go back to earlier ones within an attempt.
    public enum Stage: String, Sendable, Hashable, Codable {
        /// The call may be under way.
        case attempted = "a"
        /// The call has ended without a usable answer.
        case unknown = "u"
        /// What became of it is known.
        case settled = "s"
        /// No effect: an owner, an idempotency key.
        case none = "-"

        /// Whether the effect still has to be cleared up.
        public var isUnsettled: Bool { self == .attempted || self == .unknown }
    }

    /// Epoch of the writer's ownership, from 1.
    public var epoch: Int64
    /// How far the effect is.
    public var stage: Stage
    /// The attempt that the record is about, empty for none: what was called under it is settled under it.
    public var attemptID: String
    /// Effects of one group exclude each other while one is open; empty for none.
    public var group: String
    /// Whether somebody must come back to the entry: it is unsettled, or settled and not published.
    public var isOpen: Bool
    /// Unix milliseconds after which the entry may be forgotten; never for open ones.
    public var expiresAtMilliseconds: Int64?

    /// Offset of the state that the record repeats or ends; it counts only as long as the entry has no later state.
    public var repeats: Int64?

    /// Makes a mark.
    public init(
        epoch: Int64, stage: Stage = .none, attemptID: String = "", group: String = "", isOpen: Bool = false,
        expiresAtMilliseconds: Int64? = nil
    ) {
        self.epoch = epoch
        self.stage = stage
        self.attemptID = attemptID
        self.group = group
        self.isOpen = isOpen
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }

    /// Reads the header's text; `nil` without an epoch or with a part that is no number where one must be.
    public init?(_ text: String) {
        self.init(epoch: 0)
        var text = text
        let isWellFormed = text.withUTF8 { bytes in
            bytes.split(separator: UInt8(ascii: ";")).allSatisfy { take(UnsafeBufferPointer(rebasing: $0)) }
        }
        guard isWellFormed, epoch > 0, epoch < Int64.max else { return nil }
    }

    /// Takes one part, `e=12`, or passes over one of another version; `false` when it is ill-formed.
    private mutating func take(_ part: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let sign = part.firstIndex(of: UInt8(ascii: "=")) else { return false }
        guard sign == 1 else { return true }
        let value = String(decoding: UnsafeBufferPointer(rebasing: part[2...]), as: UTF8.self)
        switch part[0] {
        case UInt8(ascii: "e"): return Int64(value).map { epoch = $0 } != nil
        case UInt8(ascii: "s"): return Stage(rawValue: value).map { stage = $0 } != nil
        case UInt8(ascii: "a"): attemptID = value
        case UInt8(ascii: "g"): group = value
        case UInt8(ascii: "o"): isOpen = value == "1"
        case UInt8(ascii: "x"):
            expiresAtMilliseconds = Int64(value)
            return expiresAtMilliseconds != nil
        case UInt8(ascii: "r"):
            repeats = Int64(value)
            return repeats != nil
        default: break
        }
        return true
    }

    /// The header's text.
    public var text: String {
        var text = "e=" + String(epoch) + ";s=" + stage.rawValue
        if !attemptID.isEmpty { text += ";a=" + attemptID }
        if !group.isEmpty { text += ";g=" + group }
        if isOpen { text += ";o=1" }
        if let expiresAtMilliseconds { text += ";x=" + String(expiresAtMilliseconds) }
        if let repeats { text += ";r=" + String(repeats) }
        return text
    }
}

/// What stands in clear in an entry, for people who read the topic; nothing is decided by it.
public struct JournalSummary: Sendable, Hashable, Codable {
    /// What was asked.
    public var operation: Operation?
    /// The command.
    public var commandID: CommandID?
    /// The payment.
    public var reference: PaymentReference?
    /// The amount.
    public var amount: Money?
    /// `OK`, `KO`, …, once it is settled.
    public var outcome: String?
    /// Which attempt at a payment.
    public var attempt: Int?
    /// Unix milliseconds of the last change.
    public var changedAtMilliseconds: Int64?
    /// Instance of the writer.
    public var writer: String?

    /// Makes a summary; what is not given is left out.
    public init(
        operation: Operation? = nil, commandID: CommandID? = nil, reference: PaymentReference? = nil,
        amount: Money? = nil, outcome: String? = nil, attempt: Int? = nil, changedAtMilliseconds: Int64? = nil,
        writer: String? = nil
    ) {
        self.operation = operation
        self.commandID = commandID
        self.reference = reference
        self.amount = amount
        self.outcome = outcome
        self.attempt = attempt
        self.changedAtMilliseconds = changedAtMilliseconds
        self.writer = writer
    }
}

extension JournalSummary: JSONWritable {
    /// Writes what is given.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            try json.member("amount", amount)
            json.member("attempt", attempt)
            json.member("changedAtMilliseconds", changedAtMilliseconds)
            json.member("commandID", commandID?.value)
            json.member("operation", operation?.rawValue)
            json.member("outcome", outcome)
            try json.member("reference", reference)
            json.member("writer", writer)
        }
    }
}

/// One record of a journal as it is written.
public struct JournalRecord: Sendable, Hashable {
    /// Tells this record from every other one, so that its writer knows it when it is read back.
    public var id: String
    /// The entry.
    public var key: JournalKey
    /// What readers must know.
    public var mark: JournalMark
    /// What stands in clear.
    public var summary: JournalSummary
    /// What is sealed; `nil` ends the entry (a tombstone).
    public var content: [UInt8]?

    /// Makes a record.
    public init(id: String, key: JournalKey, mark: JournalMark, summary: JournalSummary, content: [UInt8]?) {
        self.id = id
        self.key = key
        self.mark = mark
        self.summary = summary
        self.content = content
    }
}

/// A record of a journal as it is read: checked, not opened.
public struct JournalReading: Sendable, Hashable {
    /// ``JournalRecord/id``.
    public var id: String
    /// The entry.
    public var key: JournalKey
    /// What readers must know.
    public var mark: JournalMark
    /// The record's value; `nil` is a tombstone.
    public var value: [UInt8]?
    /// Its place in the partition.
    public var offset: Int64
}
