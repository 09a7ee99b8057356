extension StripeCommand {
    /// Carries the command out at a time in Unix seconds.
    ///
    /// Returns the object to answer and the events caused.
    func execute(_ ledger: inout StripeLedger, now: Int) throws(StripeError) -> (JSONValue, [StripeEvent]) {
        switch self {
        case .create(let new, let expanding):
            let session = try ledger.create(new, now: now)
            return (ledger.json(session, expanding: expanding), [])
        case .getSession(let id, let expanding):
            let (session, events) = try ledger.session(id, now: now)
            return (ledger.json(session, expanding: expanding), events)
        case .expire(let id):
            let (session, events) = try ledger.expire(id, now: now)
            return (ledger.json(session, expanding: []), events)
        case .getIntent(let id): return (try ledger.intent(id, parameter: "intent").json, [])
        case .getSubscription(let id): return (try ledger.subscription(id).json, [])
        case .updateSubscription(let id, let change):
            let (subscription, events) = try ledger.update(id, change, now: now)
            return (subscription.json, events)
        case .cancelSubscription(let id):
            let (subscription, events) = try ledger.cancel(id, now: now)
            return (subscription.json, events)
        case .createRefund(let new):
            let (refund, events) = try ledger.refund(new, now: now)
            return (refund.json, events)
        case .listRefunds(let target, let targetParameter, let limit, let startingAfter):
            var refunds = try ledger.intent(target, parameter: targetParameter).refunds.reversed()[...]
            if let startingAfter {
                guard let index = refunds.firstIndex(where: { $0.id == startingAfter }) else {
                    throw .noSuch("refund", startingAfter, parameter: "starting_after")
                }
                refunds = refunds[refunds.index(after: index)...]
            }
            return (
                Self.list(
                    "/v1/refunds", refunds.prefix(limit).map(\.json), hasMore: refunds.count > limit), []
            )
        case .getInvoice(let id): return (try ledger.invoice(id).json, [])
        case .listInvoicePayments(let invoice, let status):
            let payment = try ledger.invoice(invoice).paymentJSON
            let isWanted = status == nil || status == "paid"
            return (
                Self.list("/v1/invoice_payments", isWanted ? payment.map { [$0] } ?? [] : [], hasMore: false), []
            )
        }
    }

    private static func list(_ url: String, _ data: [JSONValue], hasMore: Bool) -> JSONValue {
        ["object": "list", "data": .array(data), "has_more": .bool(hasMore), "url": .string(url)]
    }
}
