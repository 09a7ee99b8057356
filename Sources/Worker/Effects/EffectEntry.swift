import Shared
import Synchronization

/// An effect together with the entry that holds it: an entry of its own, or the last attempt at a payment.
struct EffectEntry: Sendable, Hashable {
    let key: JournalKey
    /// The position in the journal's log up to which the entry was read, before it is changed here.
    var known: Int64
    /// The payment, when the effect is an attempt at one.
    var payment: PaymentRecord?
    /// The effect.
    var effect: EffectState {
        didSet { payment?.update(effect) }
    }

    /// An effect of its own.
    init(_ key: JournalKey, _ effect: EffectState, known: Int64) {
        self.key = key
        self.known = known
        self.effect = effect
    }

    /// The last attempt at a payment; `nil` when there is none.
    init?(_ payment: PaymentRecord, known: Int64) {
        guard let last = payment.last else { return nil }
        self.known = known
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

    /// What stands in the entry's mark about it.
    func mark(_ stage: JournalMark.Stage, attemptID: String, isOpen: Bool) -> JournalMark {
        let effects = payment?.attempts.map(\.effect) ?? [effect]
        // An answer that the provider did not give stands for nothing: no key leads to it.
        let claims = effects.filter { $0.answer?.isProviderOutcome ?? true }.compactMap(\.claim)
        return JournalMark(
            stage: stage, attemptID: attemptID, group: stage.isUnsettled ? effect.group : "", isOpen: isOpen,
            isFact: stage == .settled && effect.answer?.isProviderOutcome == true, known: known,
            claims: claims.compactMap(JournalClaim.init(keyHash:)))
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
