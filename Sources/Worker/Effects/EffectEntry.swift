import Shared
import Synchronization

/// An effect together with the entry that holds it: an entry of its own, or the last attempt at a payment.
struct EffectEntry: Sendable, Hashable {
    let key: JournalKey
    /// The payment, when the effect is an attempt at one.
    private(set) var payment: PaymentRecord?
    /// The effect.
    var effect: EffectState {
        didSet { payment?.update(effect) }
    }

    /// An effect of its own.
    init(_ key: JournalKey, _ effect: EffectState) {
        self.key = key
        self.effect = effect
    }

    /// The last attempt at a payment; `nil` when there is none.
    init?(_ payment: PaymentRecord) {
        guard let last = payment.last else { return nil }
        self.key = .payment(payment.shopTransactionID)
        self.payment = payment
        self.effect = last.effect
    }

    /// Whether what the provider executes is a capture that followed from an observation.
    var isFollowUp: Bool { key.text.hasPrefix("x:") }

    /// Settles the effect; the request is not needed any more.
    mutating func settle(_ answer: RecordedAnswer) {
        var settled = effect
        settled.answer = answer
        settled.request = nil
        settled.progress = nil
        effect = settled
        switch answer.label {
        case PaymentResult.ok.rawValue: payment?.conclude(.accepted)
        case PaymentResult.ko.rawValue: payment?.conclude(.failed)
        default: break
        }
    }

    /// Takes the payment as it is after news of it.
    mutating func replace(_ payment: PaymentRecord) {
        self.payment = payment
        if let last = payment.last { effect = last.effect }
    }

    /// What is sealed.
    func content() throws -> [UInt8] {
        if let payment { return try JSONCoding.encode(payment) }
        return try JSONCoding.encode(effect)
    }

    /// What stands in clear.
    func summary(_ writer: String, now: Int64) -> JournalSummary {
        JournalSummary(
            operation: effect.operation, commandID: effect.commandID, reference: effect.reference,
            amount: effect.amount, outcome: effect.answer?.label, attempt: payment?.attemptNumber,
            changedAtMilliseconds: now, writer: writer)
    }
}

/// What a flow of several requests has noted so far: later tries and states of the same effect must not lose it.
final class EffectProgress: Sendable {
    private let noted: Mutex<JSONValue?>

    /// Begins with what earlier attempts have noted.
    init(_ entry: EffectEntry) {
        noted = Mutex(entry.effect.progress)
    }

    func note(_ progress: JSONValue) { noted.withLock { $0 = progress } }

    /// The entry with what was noted.
    func added(to entry: EffectEntry) -> EffectEntry {
        let noted = noted.withLock { $0 }
        guard noted != entry.effect.progress else { return entry }
        var added = entry
        added.effect.progress = noted
        return added
    }
}
