import Shared

/// What news does to a payment, and whether the merchant is told: pure, so that a repeat comes to the same.
struct HomeLane: Sendable {
    /// The payment after the news.
    private(set) var record: PaymentRecord
    /// What the merchant is told, if it is.
    private(set) var notification: PendingNotification?
    /// Whether the news contradicts a final outcome; the outcome stays.
    private(set) var isContradiction = false

    init(_ record: PaymentRecord) {
        self.record = record
    }

    /// Takes news about the payment.
    mutating func take(_ news: PaymentNews, provider: ProviderName) {
        switch news.event {
        case .observed(let state): observe(state, news, provider)
        case .refunded(let amount): Self.count(amount, news.cause, &record.refunds)
        case .captured(let amount): Self.count(amount, news.cause, &record.captures)
        case .expired: _ = conclude(.failed, news.reference.paymentID)
        }
    }

    private mutating func observe(_ state: ObservedState, _ news: PaymentNews, _ provider: ProviderName) {
        guard state.status.isFinal else { return }
        let isPayment = state.kind == "payment"
        if isPayment, !conclude(state.status, news.reference.paymentID) {
            isContradiction = true
            return
        }
        let event = WebhookID.Event(
            provider: provider, shopTransactionID: record.shopTransactionID,
            paymentID: news.reference.paymentID ?? state.message.paymentID, kind: state.kind,
            occurrence: state.occurrence, status: state.status)
        let webhookID = WebhookID.make(for: event, attempt: attemptNumber(of: news.reference.paymentID))
        let sent = record.notified.first { $0.webhookID == webhookID }
        // Repeats of one outcome are one notification, unless it is asked for, or the same command is done again.
        guard sent == nil || sent?.cause == news.cause || news.operation == .check else { return }
        if sent == nil {
            record.notified.append(SentNotification(webhookID: webhookID, cause: news.cause))
            Self.bound(&record.notified, PaymentRecord.notifiedMax)
        }
        notification = PendingNotification(webhookID: webhookID, message: state.message)
    }

    /// Notes a final outcome; `false` when there is another one already, which nothing overwrites.
    private mutating func conclude(_ status: PaymentStatus, _ paymentID: String?) -> Bool {
        if let index = index(of: paymentID) {
            let known = record.attempts[index].final
            if known == nil { record.attempts[index].final = status }
            return (known ?? status) == status
        }
        if let known = record.others.first(where: { $0.paymentID == paymentID ?? "" }) { return known.final == status }
        record.others.append(ObservedPayment(paymentID: paymentID ?? "", final: status))
        Self.bound(&record.others, PaymentRecord.attemptsMax)
        return true
    }

    /// The attempt that a payment of the provider belongs to; one whose identifier was never told is the last, unless
    /// it could be an earlier one's.
    private func index(of paymentID: String?) -> Int? {
        if let paymentID, let index = record.attempts.lastIndex(where: { $0.paymentID == paymentID }) { return index }
        guard let last = record.attempts.indices.last else { return nil }
        let isOpen = record.attempts[last].paymentID == nil && record.attempts[last].final == nil
        return paymentID == nil || isOpen && record.isOfLast(paymentID) ? last : nil
    }

    private func attemptNumber(of paymentID: String?) -> Int {
        index(of: paymentID).map { record.attempts[$0].number } ?? 1
    }

    private static func count(_ amount: Int64, _ cause: CommandID, _ movements: inout [MoneyMovement]) {
        guard !movements.contains(where: { $0.commandID == cause }) else { return }
        movements.append(MoneyMovement(commandID: cause, minorUnits: amount))
        bound(&movements, PaymentRecord.movementsMax)
    }

    private static func bound<Element>(_ list: inout [Element], _ max: Int) {
        if list.count > max { list.removeFirst(list.count - max) }
    }
}
