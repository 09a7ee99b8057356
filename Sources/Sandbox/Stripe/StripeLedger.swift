/// All sessions and what they led to, and the rules by which they change; a value without a lock.
///
/// Every change returns the events it causes; times are Unix seconds.
struct StripeLedger: Sendable {
    /// Refunds of one PaymentIntent at most.
    static let maximumRefunds = 1000
    /// Smallest amount of a payment in cents.
    static let minimumAmount = 50

    private let pagesURL: String
    private var sessions: [String: StripeSession] = [:]
    /// PaymentIntents by id, then found by charge id through `charges`.
    private var intents: [String: StripeIntent] = [:]
    private var charges: [String: String] = [:]
    /// Subscriptions by id.
    var subscriptions: [String: StripeSubscription] = [:]
    /// Invoice id to subscription id.
    private var invoices: [String: String] = [:]
    /// Who was charged what; payments are sessions.
    private(set) var book: AccountBook

    /// Makes an empty ledger; `pagesURL` is where hosted pages live.
    init(maximumPayments: Int, pagesURL: String) {
        self.pagesURL = pagesURL
        book = AccountBook(maximumPayments: maximumPayments)
    }

    /// The session of that id, expired first when its time is over; the event says so once.
    mutating func session(_ id: String, now: Int) throws(StripeError) -> (StripeSession, [StripeEvent]) {
        guard let session = sessions[id] else { throw .noSuch("checkout.session", id, parameter: "session") }
        guard session.status == "open", session.expiresAt <= now else { return (session, []) }
        return close(session)
    }

    /// Enters a new session.
    mutating func create(_ new: StripeNewSession, now: Int) throws(StripeError) -> StripeSession {
        if !new.isSubscription, new.amountTotal > 0, new.amountTotal < Self.minimumAmount {
            throw .invalid(
                "line_items[0]", "Amount must be at least €0.50 \(new.currency)", code: "amount_too_small")
        }
        guard new.amountTotal <= StripeNewSession.maximumAmount else {
            throw .invalid(
                "line_items[0]", "Amount must be no more than €999,999.99 \(new.currency)", code: "amount_too_large")
        }
        let session = StripeSession(
            id: Identifier.make("cs_test_"), new: new, created: now,
            expiresAt: new.expiresAt ?? MinorUnits.sum(now, 24 * 60 * 60))
        sessions[session.id] = session
        let forgotten = book.open(
            paymentID: session.id, reference: new.clientReferenceID ?? session.id,
            amountMinorUnits: new.amountTotal, status: session.status, at: UnixTime.date(now))
        for id in forgotten { forget(id) }
        return session
    }

    private mutating func forget(_ id: String) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        if let intent = session.intentID.flatMap({ intents.removeValue(forKey: $0) }) {
            charges[intent.chargeID] = nil
        }
        let subscription = session.subscriptionID.flatMap { subscriptions.removeValue(forKey: $0) }
        for invoice in subscription?.invoices ?? [] {
            invoices[invoice.id] = nil
            if let intent = invoice.intentID.flatMap({ intents.removeValue(forKey: $0) }) {
                charges[intent.chargeID] = nil
            }
        }
    }

    /// Closes an open session.
    mutating func expire(_ id: String, now: Int) throws(StripeError) -> (StripeSession, [StripeEvent]) {
        let (session, events) = try session(id, now: now)
        guard session.status == "open" else {
            throw .invalid(
                nil,
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a "
                    + "status of `\(session.status)`.")
        }
        let (closed, more) = close(session)
        return (closed, events + more)
    }

    private mutating func close(_ open: StripeSession) -> (StripeSession, [StripeEvent]) {
        var session = open
        session.status = "expired"
        store(session)
        return (session, [event("checkout.session.expired", session)])
    }

    private mutating func store(_ session: StripeSession) {
        sessions[session.id] = session
        let subscription = session.subscriptionID.flatMap { subscriptions[$0] }
        let isClosed =
            session.status == "expired"
            || (session.status == "complete" && session.paymentStatus != "unpaid"
                && (subscription == nil || subscription?.status == "canceled"))
        book.update(
            paymentID: session.id, status: "\(session.status)/\(session.paymentStatus)", isClosed: isClosed)
    }

    private func event(_ type: String, _ session: StripeSession) -> StripeEvent {
        StripeEvent(type: type, sessionID: session.id, object: session.json(pagesURL: pagesURL))
    }

    /// The session with the wished objects in place of their ids.
    func json(_ session: StripeSession, expanding: Set<String>) -> JSONValue {
        session.json(
            pagesURL: pagesURL,
            intent: expanding.contains("payment_intent") ? session.intentID.flatMap { intents[$0] } : nil,
            subscription: expanding.contains("subscription")
                ? session.subscriptionID.flatMap { subscriptions[$0] } : nil,
            invoice: expanding.contains("invoice") ? session.invoiceID.flatMap { try? invoice($0) } : nil)
    }

    /// Remembers the last webhook of a session.
    mutating func remember(_ webhook: OutgoingWebhook, of sessionID: String) {
        sessions[sessionID]?.lastWebhook = webhook
    }

    /// The last webhook of a session, also found by the ids of what it led to.
    func lastWebhook(_ id: String) -> OutgoingWebhook? {
        sessions[subscriptions[id]?.sessionID ?? intents[id]?.sessionID ?? id]?.lastWebhook
    }

    /// The session id behind the id of a session, PaymentIntent or subscription.
    func sessionID(of id: String) -> String {
        subscriptions[id]?.sessionID ?? intents[id]?.sessionID ?? id
    }

    /// The invoice of that id.
    func invoice(_ id: String) throws(StripeError) -> StripeInvoice {
        let subscription = invoices[id].flatMap { subscriptions[$0] }
        guard let invoice = subscription?.invoices.first(where: { $0.id == id }) else {
            throw .noSuch("invoice", id, parameter: "invoice")
        }
        return invoice
    }

    /// The PaymentIntent of that id, or of that charge's id.
    func intent(_ id: String, parameter: String) throws(StripeError) -> StripeIntent {
        guard let intent = intents[charges[id] ?? id] else {
            throw .noSuch(parameter == "charge" ? "charge" : "payment_intent", id, parameter: parameter)
        }
        return intent
    }

    /// Enters or replaces a PaymentIntent.
    mutating func store(_ intent: StripeIntent) {
        intents[intent.id] = intent
        charges[intent.chargeID] = intent.id
    }

    /// Makes a PaymentIntent for money of a session, charged at once unless it is still on its way.
    mutating func makeIntent(
        for session: StripeSession, status: String, isRenewal: Bool, now: Int
    ) -> StripeIntent {
        let intent = StripeIntent(
            id: Identifier.make("pi_"), chargeID: Identifier.make("ch_"), sessionID: session.id,
            amount: session.new.amountTotal, currency: session.new.currency,
            metadata: session.new.isSubscription ? [] : session.new.resultMetadata, created: now, status: status)
        store(intent)
        if status == "succeeded" {
            book.charge(paymentID: session.id, minorUnits: intent.amount, isRenewal: isRenewal)
        }
        return intent
    }

    /// Enters an invoice of a subscription.
    mutating func store(_ invoice: StripeInvoice, in subscription: inout StripeSubscription) {
        subscription.invoices.append(invoice)
        subscription.latestInvoiceID = invoice.id
        invoices[invoice.id] = subscription.id
    }

    /// The shopper pays on the hosted page; a delayed payment is settled or failed later.
    mutating func pay(_ id: String, isDelayed: Bool, now: Int) throws(StripeError) -> (StripeSession, [StripeEvent]) {
        var (session, events) = try session(id, now: now)
        guard session.status == "open" else { throw .invalid(nil, "This Checkout Session is \(session.status).") }
        session.status = "complete"
        if session.new.isSubscription {
            events += startSubscription(&session, now: now)
        } else if session.new.amountTotal == 0 {
            session.paymentStatus = "no_payment_required"
        } else {
            session.paymentStatus = isDelayed ? "unpaid" : "paid"
            session.intentID =
                makeIntent(for: session, status: isDelayed ? "processing" : "succeeded", isRenewal: false, now: now).id
        }
        store(session)
        return (session, [event("checkout.session.completed", session)] + events)
    }

    /// A delayed payment arrives or fails.
    mutating func settle(_ id: String, succeeds: Bool, now: Int) throws(StripeError) -> (StripeSession, [StripeEvent]) {
        var (session, events) = try session(id, now: now)
        guard session.status == "complete", session.paymentStatus == "unpaid",
            var intent = session.intentID.flatMap({ intents[$0] }), intent.status == "processing"
        else { throw .invalid(nil, "This Checkout Session has no payment on its way.") }
        intent.status = succeeds ? "succeeded" : "requires_payment_method"
        store(intent)
        if succeeds {
            session.paymentStatus = "paid"
            book.charge(paymentID: id, minorUnits: intent.amount)
        }
        store(session)
        let type = succeeds ? "async_payment_succeeded" : "async_payment_failed"
        events.append(event("checkout.session.\(type)", session))
        return (session, events)
    }

    /// Gives back some or all of a PaymentIntent; no amount means all that is left.
    mutating func refund(
        _ request: StripeCommand.NewRefund, now: Int
    ) throws(StripeError) -> (StripeRefund, [StripeEvent]) {
        var intent = try intent(request.target, parameter: request.targetParameter)
        guard intent.status == "succeeded" else {
            throw .invalid(
                nil, "This PaymentIntent (\(intent.id)) does not have a successful charge to refund.")
        }
        let left = intent.amount - intent.amountRefunded
        guard left > 0, intent.refunds.count < Self.maximumRefunds else {
            throw .invalid(
                nil, "Charge \(intent.chargeID) has already been refunded.", code: "charge_already_refunded")
        }
        let amount = request.amount ?? left
        guard amount <= left else {
            let isUntouched = intent.refunds.isEmpty
            throw .invalid(
                "amount",
                "Refund amount (\(Self.euros(amount))) is greater than "
                    + (isUntouched ? "charge amount" : "unrefunded amount on charge") + " (\(Self.euros(left)))")
        }
        let refund = StripeRefund(
            id: Identifier.make("re_"), intentID: intent.id, chargeID: intent.chargeID, amount: amount,
            currency: intent.currency, reason: request.reason, metadata: request.metadata, created: now)
        intent.refunds.append(refund)
        store(intent)
        book.refund(paymentID: intent.sessionID, minorUnits: amount)
        return (
            refund, [StripeEvent(type: "charge.refunded", sessionID: intent.sessionID, object: intent.chargeJSON)]
        )
    }

    private static func euros(_ cents: Int) -> String {
        let rest = String(cents % 100)
        return "€\(cents / 100).\(rest.count < 2 ? "0" + rest : rest)"
    }
}
