/// Everything known about the payments of violations: the simulators forget it when they end.
struct Evidence: Sendable {
    var oracle: Oracle
    var violations: [Violation]

    /// Payments told of; a broken build has hundreds.
    private static let paymentsMax = 200

    /// One paragraph for each payment: what was violated, what was sent and answered, accounts, notifications.
    var text: String {
        let records = Dictionary(
            oracle.records.map { ($0.script.reference, $0) }, uniquingKeysWith: { first, _ in first })
        let notifications = Dictionary(grouping: oracle.notifications, by: \.body.shopTransactionID)
        let groups = Dictionary(grouping: violations, by: \.reference).sorted { $0.key < $1.key }
        var lines: [String] = []
        for (reference, found) in groups.prefix(Self.paymentsMax) {
            lines.append("== \(reference)")
            lines += found.map { "\($0.rule.rawValue): \($0.details)" }
            if let record = records[reference] { lines += ["\(record.script)"] + record.timeline }
            lines += (oracle.accounts.byReference[reference]?.payments ?? []).map { "\($0)" }
            lines += (notifications[reference] ?? []).map { notification in
                "notification \(notification.number) at \(notification.receivedAt ?? "unknown"): "
                    + "\(notification.webhookId ?? "no id") \(notification.body)"
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
