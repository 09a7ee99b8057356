/// Payments whose merchant was told nothing at first and did not ask again: what the provider did with them must have
/// been notified, or be known to whoever asks.
struct SilenceOracle: Sendable {
    /// What became of such a payment at the provider.
    private enum Fate {
        case nothing, charged, declined
    }

    var records: [PaymentRecord]
    var accounts: Accounts
    var notifications: [ReceivedNotification]
    /// What `status` said when everything was quiet, by reference.
    var statuses: [String: Told] = [:]

    /// Payments that were answered 504, settled, and were not notified (yet).
    func missing() -> [Violation] {
        let successful = Set(notifications.filter(\.body.isSuccessful).map(\.body.shopTransactionID))
        let any = Set(notifications.map(\.body.shopTransactionID))
        return records.filter { $0.silence == .unknownOutcome }.compactMap { record in
            let reference = record.script.reference
            switch fate(of: record) {
            case .charged where !successful.contains(reference):
                return violation(reference, "answered 504, then charged: no notification of success")
            case .declined where !any.contains(reference):
                return violation(reference, "answered 504, then declined: no notification")
            default: return nil
            }
        }
    }

    /// Everything that is missing, also of what is known to whoever asks.
    func violations() -> [Violation] {
        missing()
            + records.filter { $0.silence != nil }.compactMap { record in
                let reference = record.script.reference
                let status = statuses[reference]
                switch fate(of: record) {
                case .charged where status?.stage != .succeeded:
                    return violation(reference, "charged, and \(status?.text ?? "no status") when asked later")
                case .declined where status?.stage != .failed:
                    return violation(reference, "declined, and \(status?.text ?? "no status") when asked later")
                default: return nil
                }
            }
    }

    private func violation(_ reference: String, _ details: String) -> Violation {
        Violation(reference: reference, rule: .settledSilently, details: details)
    }

    private func fate(of record: PaymentRecord) -> Fate {
        guard let account = accounts.byReference[record.script.reference] else { return .nothing }
        if account.timesCharged > 0 { return .charged }
        // A refusal that was answered is no news.
        return record.refusal == nil && account.payments.contains { $0.status == "declined" } ? .declined : .nothing
    }
}
