import Shared

/// An entry as the journal knows it.
struct KnownEntry: Sendable {
    /// What an entry holds.
    enum Content: Sendable {
        /// A payment, with attempts or only observed.
        case payment(PaymentRecord)
        /// Another effect.
        case effect(EffectState)
    }

    /// What became of a former owner's answer that came too late.
    enum Merged: Sendable, Hashable {
        /// The entry says the same already.
        case known
        /// The entry is settled by it now.
        case settled
        /// The entry says something else; nothing was changed.
        case contradicted
    }

    let key: JournalKey
    /// The position in the log up to which the entry was read.
    let position: Int64
    private(set) var content: Content
    private(set) var mark: JournalMark
    /// Whether records of former owners have to be taken into account: the owner writes the entry again.
    let hasLate: Bool
    /// Whether the broker will forget its record before long.
    let isAgeing: Bool

    init(
        _ key: JournalKey, _ content: Content, mark: JournalMark, position: Int64, hasLate: Bool, isAgeing: Bool
    ) {
        self.key = key
        self.content = content
        self.mark = mark
        self.position = position
        self.hasLate = hasLate
        self.isAgeing = isAgeing
    }

    /// The payment.
    var payment: PaymentRecord? {
        if case .payment(let payment) = content { return payment }
        return nil
    }

    /// The effect, of a payment that of its last attempt; `nil` of a payment that was only observed.
    var entry: EffectEntry? {
        switch content {
        case .payment(let payment): EffectEntry(payment, known: position)
        case .effect(let effect): EffectEntry(key, effect, known: position)
        }
    }

    /// The effects of all attempts.
    var effects: [EffectState] {
        switch content {
        case .payment(let payment): payment.attempts.map(\.effect)
        case .effect(let effect): [effect]
        }
    }

    /// The effect of a command.
    func effect(of command: CommandID) -> EffectState? { effects.last { $0.commandID == command } }

    /// Whether its outcome is known and still to be published.
    var owes: Bool { mark.isOpen && entry?.effect.answer != nil }

    /// The state is of a former owner, who published nothing of it: when its command was answered before, and is done,
    /// its outcome is still to be published.
    mutating func stateIsLate() {
        if mark.stage == .settled, entry?.effect.isUntold == true { mark.isOpen = true }
    }

    /// Takes a provider's answer that a former owner recorded after it had lost the partition.
    ///
    /// - Parameters:
    ///   - other: the entry as that owner wrote it.
    ///   - isBefore: whether it stands before this entry's state in the log, whose writer did not know it: then a call
    ///     of this state's unsettled attempt was never made, since its writer found the answer before.
    mutating func take(_ other: Content, attemptID: String, isBefore: Bool) -> Merged {
        let late: EffectState?
        switch other {
        case .payment(let payment): late = payment.last?.effect
        case .effect(let effect): late = effect
        }
        guard let late, let answer = late.answer else { return .known }
        if var entry, entry.effect.commandID == late.commandID, entry.effect.answer == nil {
            entry.settle(answer)
            content = entry.payment.map { .payment($0) } ?? .effect(entry.effect)
        } else if let effect = effect(of: late.commandID) {
            return effect.answer?.isSame(as: answer) == true ? .known : .contradicted
        } else if effects.isEmpty || isBefore && entry?.effect.answer == nil {
            content = other
        } else {
            return .contradicted
        }
        mark.stage = .settled
        mark.attemptID = attemptID
        mark.isOpen = true
        return .settled
    }
}

extension RecordedAnswer {
    /// Whether two answers say the same of one attempt.
    func isSame(as other: RecordedAnswer) -> Bool {
        label == other.label && (found.paymentID == other.found.paymentID || other.found.paymentID == nil)
    }
}
