/// Compares notifications with what merchants know; of repeats, which are allowed, only the first arrival counts.
struct NotificationOracle: Sendable {
    var records: [PaymentRecord]
    var notifications: [ReceivedNotification]

    /// The payments that still have to be notified of.
    func missing() -> [Violation] {
        var any: Set<String> = []
        var successful: Set<String> = []
        for notification in notifications {
            any.insert(notification.body.shopTransactionID)
            if notification.body.isSuccessful { successful.insert(notification.body.shopTransactionID) }
        }
        return records.compactMap { record in
            let reference = record.script.reference
            if record.isPagePaid || record.isSuccessChecked, !successful.contains(reference) {
                let reason = record.isSuccessChecked ? "a check was accepted" : "the buyer paid on the page"
                return Violation(reference: reference, rule: .notNotified, details: "of success, though \(reason)")
            }
            if record.isRefusalChecked, !any.contains(reference) {
                return Violation(reference: reference, rule: .notNotified, details: "though a check was accepted")
            }
            return nil
        }
    }

    /// Everything that is missing or wrong.
    func violations() -> [Violation] {
        var found = missing()
        var eventsSeen: Set<String> = []
        var succeeded: [String: String] = [:]
        var idsOfSuccess: [String: Set<String>] = [:]
        let answeredOK = Dictionary(
            records.compactMap { record in record.success?.paymentID.map { ($0, record.mustBeCharged) } },
            uniquingKeysWith: { $0 || $1 })
        for notification in notifications {
            let body = notification.body
            let id = notification.webhookId ?? ""
            func report(_ rule: Violation.Rule, _ details: String) {
                found.append(Violation(reference: body.shopTransactionID, rule: rule, details: details))
            }
            if notification.signatureVerified != true { report(.badSignature, "number \(notification.number)") }
            guard eventsSeen.insert(id).inserted else { continue }
            if body.isSuccessful {
                succeeded[body.shopTransactionID] = body.paymentID
                idsOfSuccess[body.paymentID, default: []].insert(id)
            } else if let earlier = succeeded[body.shopTransactionID] {
                report(.wrongOrder, "\(body.paymentID) failed after \(earlier) had succeeded")
            } else if answeredOK[body.paymentID] == true {
                report(.wrongOrder, "\(body.paymentID) failed though it was answered as successful")
            }
            if let ids = idsOfSuccess[body.paymentID], ids.count > 1, body.isSuccessful {
                report(.otherEvent, "\(body.paymentID): \(ids.sorted().joined(separator: ", "))")
            }
        }
        return found
    }
}
