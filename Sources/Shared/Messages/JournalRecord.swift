/// What readers of a journal must know of a record before they look into it; travels in one header.
///
/// As text, `s=a;a=01J….12.3;g=5f3a…;o=1;f=1;k=120;q=2026a;c=00f3…,91bc…`: stage, attempt, group, whether it is open,
/// whether its answer is a fact, the position that its writer knew, the sealing key, the caller's keys. What is absent
/// is left out.
public struct JournalMark: Sendable, Hashable {
    /// How far an effect is; later ones never go back to earlier ones within an attempt.
    public enum Stage: String, Sendable, Hashable, Codable {
        /// The call may be under way.
        case attempted = "a"
        /// The call has ended without a usable answer.
        case unknown = "u"
        /// What became of it is known.
        case settled = "s"
        /// No effect: an owner, or a payment that was only observed.
        case none = "-"

        /// Whether the effect still has to be cleared up.
        public var isUnsettled: Bool { self == .attempted || self == .unknown }
    }

    /// How far the effect is.
    public var stage: Stage
    /// The attempt that the record is about, empty for none: what was called under it is settled under it.
    public var attemptID: String
    /// Effects of one group exclude each other while one is unsettled; empty for none.
    public var group: String
    /// Whether somebody must come back to the entry: it is unsettled, or settled and not published.
    public var isOpen: Bool
    /// Whether the answer in the record is one of the provider, which was given whoever owns the partition by now.
    ///
    /// What a worker decides by itself is none.
    public var isFact: Bool
    /// The position in the log up to which the writer had read when it loaded the entry that it changed.
    ///
    /// A record of a lower writer that stands there or behind it is not contained in this one.
    public var known: Int64
    /// Id of the key that the content is sealed with; empty for none.
    public var sealingKeyID: String
    /// The keys by which callers may ask for the entry again.
    public var claims: [JournalClaim]

    /// Makes a mark.
    public init(
        stage: Stage = .none, attemptID: String = "", group: String = "", isOpen: Bool = false, isFact: Bool = false,
        known: Int64 = 0, sealingKeyID: String = "", claims: [JournalClaim] = []
    ) {
        self.stage = stage
        self.attemptID = attemptID
        self.group = group
        self.isOpen = isOpen
        self.isFact = isFact
        self.known = known
        self.sealingKeyID = sealingKeyID
        self.claims = claims
    }

    /// Reads the header's text; `nil` when a part is none of those that it can be.
    public init?(_ text: String) {
        var text = text
        let mark = text.withUTF8 { JournalMark(UnsafeRawBufferPointer($0)) }
        guard let mark else { return nil }
        self = mark
    }

    /// Reads the header's bytes, with the same result.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        self.init()
        let isWellFormed = bytes.split(separator: UInt8(ascii: ";")).allSatisfy { take($0) }
        guard isWellFormed else { return nil }
    }

    /// Takes one part, `o=1`, or passes over one of another version; `false` when it is ill-formed.
    private mutating func take(_ part: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let sign = part.firstIndex(of: UInt8(ascii: "=")) else { return false }
        guard sign == part.startIndex + 1 else { return true }
        let value = part[(sign + 1)...]
        switch part[part.startIndex] {
        case UInt8(ascii: "s"):
            return Stage(rawValue: String(decoding: value, as: UTF8.self)).map { stage = $0 } != nil
        case UInt8(ascii: "a"): attemptID = String(decoding: value, as: UTF8.self)
        case UInt8(ascii: "g"): group = String(decoding: value, as: UTF8.self)
        case UInt8(ascii: "q"): sealingKeyID = String(decoding: value, as: UTF8.self)
        case UInt8(ascii: "o"): isOpen = value.elementsEqual(CollectionOfOne(UInt8(ascii: "1")))
        case UInt8(ascii: "f"): isFact = value.elementsEqual(CollectionOfOne(UInt8(ascii: "1")))
        case UInt8(ascii: "k"): return DecimalDigits.number(value).map { known = $0 } != nil
        case UInt8(ascii: "c"):
            for text in value.split(separator: UInt8(ascii: ",")) {
                guard let claim = JournalClaim(text), claims.count < Self.claimsMax else { return false }
                claims.append(claim)
            }
        default: break
        }
        return true
    }

    /// Most caller's keys of one record.
    public static let claimsMax = 32

    /// The header's text.
    public var text: String {
        var text = "s=" + stage.rawValue
        if !attemptID.isEmpty { text += ";a=" + attemptID }
        if !group.isEmpty { text += ";g=" + group }
        if isOpen { text += ";o=1" }
        if isFact { text += ";f=1" }
        if known > 0 { text += ";k=" + String(known) }
        if !sealingKeyID.isEmpty { text += ";q=" + sealingKeyID }
        if !claims.isEmpty { text += ";c=" + claims.map(\.text).joined(separator: ",") }
        return text
    }
}

/// A caller's idempotency key as a journal knows it: 64 bits of the key's hash.
///
/// They lead to an entry, and the entry says whether the whole hash is the same.
public struct JournalClaim: Sendable, Hashable {
    /// The bits.
    public let bits: UInt64

    /// Takes the beginning of ``IdempotencyClaim/keyHash``, hexadecimal; `nil` for anything else.
    public init?(keyHash: String) {
        guard let bits = UInt64(keyHash.prefix(Self.digits), radix: 16), keyHash.utf8.count >= Self.digits else {
            return nil
        }
        self.bits = bits
    }

    /// Takes the bits.
    public init(bits: UInt64) { self.bits = bits }

    /// Reads sixteen hexadecimal digits.
    init?(_ text: Slice<UnsafeRawBufferPointer>) {
        guard text.count == Self.digits else { return nil }
        var bits: UInt64 = 0
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            bits = bits << 4 | UInt64(digit)
        }
        self.bits = bits
    }

    /// Sixteen hexadecimal digits.
    var text: String {
        let text = String(bits, radix: 16)
        return String(repeating: "0", count: Self.digits - text.utf8.count) + text
    }

    private static let digits = 16
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

/// One record of an entry as it is written.
public struct JournalRecord: Sendable, Hashable {
    /// Tells this record from every other one.
    public var id: String
    /// The entry and the writer.
    public var key: JournalRecordKey
    /// What readers must know.
    public var mark: JournalMark
    /// The sealed value, from ``MessageCodec/journalValue(_:_:of:provider:)``.
    public var value: [UInt8]

    /// Makes a record.
    public init(id: String, key: JournalRecordKey, mark: JournalMark, value: [UInt8]) {
        self.id = id
        self.key = key
        self.mark = mark
        self.value = value
    }
}

/// A record of an entry as it stands in the log: checked, not opened.
public struct JournalStoredRecord: Sendable, Hashable {
    /// The entry and the writer.
    public var key: JournalRecordKey
    /// What readers must know.
    public var mark: JournalMark
    /// The sealed value.
    public var value: [UInt8]
    /// Its place in the partition.
    public var offset: Int64
    /// Unix milliseconds at which it was written; 0 when the broker does not say.
    public var timestampMilliseconds: Int64

    /// Collects a record.
    public init(
        key: JournalRecordKey, mark: JournalMark, value: [UInt8], offset: Int64, timestampMilliseconds: Int64
    ) {
        self.key = key
        self.mark = mark
        self.value = value
        self.offset = offset
        self.timestampMilliseconds = timestampMilliseconds
    }
}
