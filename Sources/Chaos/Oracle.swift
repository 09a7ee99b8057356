/// Compares what merchants were told with what the provider did and what was notified.
///
/// Knows nothing of processes or time: what it is given is all it judges.
struct Oracle: Sendable {
    var records: [PaymentRecord]
    var accounts: Accounts
    var notifications: [ReceivedNotification]

    /// Everything that must not have happened.
    func violations() -> [Violation] {
        var found = records.flatMap(\.violations)
        for record in records { found += judge(record, accounts.byReference[record.script.reference]) }
        let known = Set(records.map(\.script.reference))
        for reference in accounts.byReference.keys.sorted() where !known.contains(reference) {
            found.append(Violation(reference: reference, rule: .unknownPayment, details: "no merchant has it"))
        }
        if accounts.chargedMoreThanOnce > 0, !found.contains(where: { $0.rule == .chargedAgain }) {
            let details = "the provider counts \(accounts.chargedMoreThanOnce)"
            found.append(Violation(reference: "totals", rule: .chargedAgain, details: details))
        }
        return found + NotificationOracle(records: records, notifications: notifications).violations()
    }

    private func judge(_ record: PaymentRecord, _ account: Account?) -> [Violation] {
        var found: [Violation] = []
        func report(_ rule: Violation.Rule, _ details: String) {
            found.append(Violation(reference: record.script.reference, rule: rule, details: details))
        }
        if let question = record.openQuestion { report(.noFinalAnswer, question) }
        let timesCharged = account?.timesCharged ?? 0
        let shown = account.map(Self.text) ?? "no account"
        if timesCharged > 1 { report(.chargedAgain, "\(timesCharged) times: \(shown)") }
        if record.script.kind == .declined, timesCharged > 0 { report(.chargedThoughDeclined, shown) }
        if record.mustBeCharged {
            if timesCharged == 0 { report(.notCharged, shown) }
            let charged = account?.payments.filter { $0.chargedMinorUnits > 0 } ?? []
            if charged.count == 1, let payment = charged.first {
                let isRight =
                    payment.chargedMinorUnits == record.script.amountMinorUnits
                    && payment.paymentID == record.success?.paymentID
                if !isRight {
                    report(
                        .wrongCharge,
                        "asked \(record.script.amountMinorUnits), answered "
                            + "\(record.success?.paymentID ?? "no id"): \(shown)")
                }
            }
        }
        found += judgePayments(record, account)
        found += judgeRefunds(record, account)
        return found
    }

    /// Payments at the provider that nobody paid are harmless to the buyer, but they are effects all the same.
    private func judgePayments(_ record: PaymentRecord, _ account: Account?) -> [Violation] {
        guard let account else { return [] }
        let declined = account.payments.count { $0.status == "declined" }
        let others = account.payments.count - declined
        // Without a key every repeat of a refused payment may be a new attempt.
        let isDeclinedAgain = record.script.hasKey && declined > 1
        guard others > 1 || isDeclinedAgain else { return [] }
        return [Violation(reference: account.reference, rule: .openedAgain, details: Self.text(account))]
    }

    private func judgeRefunds(_ record: PaymentRecord, _ account: Account?) -> [Violation] {
        let answered = record.refunds.filter(\.isAnswered)
        let sum = answered.reduce(0) { $0 + $1.amountMinorUnits }
        let open = record.refunds.count - answered.count
        let openSum = record.refunds.reduce(0) { $0 + $1.amountMinorUnits } - sum
        let refunded = account?.payments.reduce(0) { $0 + $1.refundedMinorUnits } ?? 0
        let count = account?.payments.reduce(0) { $0 + $1.refundCount } ?? 0
        // Of a refund without an answer both is possible, but no more than both.
        let isRight =
            (sum...(sum + openSum)).contains(refunded) && (answered.count...(answered.count + open)).contains(count)
        if isRight { return [] }
        let details = "answered \(answered.count) of \(sum), open \(open) of \(openSum), given \(count) of \(refunded)"
        return [Violation(reference: record.script.reference, rule: .wrongRefunds, details: details)]
    }

    private static func text(_ account: Account) -> String {
        account.payments.map { "\($0.paymentID) \($0.status) \($0.chargedMinorUnits)" }.joined(separator: ", ")
    }
}
