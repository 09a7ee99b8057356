import Foundation

/// All payments and sessions of the demonstration provider and the rules by which they change; a value without a lock.
struct GenericLedger: Sendable {
    /// Sessions kept; past it the oldest are forgotten.
    static let maximumSessions = 200_000
    /// Refunds of one payment at most.
    static let maximumRefunds = 1000

    private var payments: [String: GenericPayment] = [:]
    private var sessions: [String: GenericSession] = [:]
    private var sessionAges = AgeQueue()
    /// Recurrence token to the payment that made it.
    private var tokens: [String: String] = [:]
    /// Who was charged what.
    private(set) var book: AccountBook

    /// Makes an empty ledger.
    init(maximumPayments: Int) {
        book = AccountBook(maximumPayments: maximumPayments)
    }

    /// The payment of that id.
    func payment(_ id: String) throws(GenericError) -> GenericPayment {
        guard let payment = payments[id] else { throw .notFound }
        return payment
    }

    /// The payments of a reference that were made by then, newest first.
    func payments(reference: String, madeUntil time: Date) -> [GenericPayment] {
        book.paymentIDs(reference: reference).reversed().compactMap { payments[$0] }.filter { $0.createdAt <= time }
    }

    /// The session of that token and, once it has one, its transaction.
    func session(_ token: String) throws(GenericError) -> (GenericSession, GenericPayment?) {
        guard let session = sessions[token] else { throw .notFound }
        return (session, session.transactionID.flatMap { payments[$0] })
    }

    /// Enters a new payment, already settled when the token or the recurrence says so.
    mutating func create(
        _ new: GenericPayment, token: String?, recurrence: GenericRecurrence?
    ) throws(GenericError) -> GenericPayment {
        var payment = new
        var isInstalment = false
        if let recurrence, !recurrence.isFirst {
            guard isKnown(recurrence) else {
                throw GenericError(
                    status: 422, code: "recurrence_unknown", message: "No approved payment starts this series.",
                    field: "recurrence")
            }
            isInstalment = true
        }
        if token?.hasPrefix("KO") == true {
            payment.status = .declined
            payment.declineReason = "card declined"
        } else if isInstalment || token?.hasPrefix("OK") == true {
            payment.approve()
        }
        let forgotten = book.open(
            paymentID: payment.id, reference: payment.reference, amountMinorUnits: payment.amount,
            status: payment.status.rawValue, at: payment.createdAt)
        for id in forgotten {
            if let token = payments.removeValue(forKey: id)?.recurrenceToken { tokens[token] = nil }
        }
        store(payment, chargedMinorUnits: payment.capturedAmount)
        return payment
    }

    private func isKnown(_ recurrence: GenericRecurrence) -> Bool {
        let previous = recurrence.previousPaymentID.flatMap { payments[$0] }
        return previous?.status == .captured || recurrence.token.map { tokens[$0] != nil } == true
    }

    private mutating func store(_ payment: GenericPayment, chargedMinorUnits: Int = 0) {
        payments[payment.id] = payment
        if let token = payment.recurrenceToken { tokens[token] = payment.id }
        if chargedMinorUnits > 0 { book.charge(paymentID: payment.id, minorUnits: chargedMinorUnits) }
        book.update(
            paymentID: payment.id, status: payment.status.rawValue,
            isClosed: payment.status != .pending && payment.status != .authorized)
    }

    /// The shopper presses *Pay* or *Decline*.
    mutating func decide(_ id: String, isPaid: Bool) throws(GenericError) -> GenericPayment {
        var payment = try payment(id)
        guard payment.status == .pending else { throw .conflict(payment.status) }
        if isPaid {
            payment.approve()
        } else {
            payment.status = .declined
            payment.declineReason = "declined by the shopper"
        }
        store(payment, chargedMinorUnits: payment.capturedAmount)
        return payment
    }

    /// Takes some or all of a reserved amount.
    mutating func capture(
        _ id: String, amount: Int, captureReference: String?
    ) throws(GenericError) -> GenericPayment {
        var payment = try payment(id)
        guard payment.status == .authorized else { throw .conflict(payment.status) }
        guard amount <= payment.amount else {
            throw GenericError(
                status: 422, code: "capture_exceeds_authorized", message: "More than was reserved.", field: "amount")
        }
        payment.status = .captured
        payment.capturedAmount = amount
        payment.captureReference = captureReference
        store(payment, chargedMinorUnits: amount)
        return payment
    }

    /// Closes a payment nobody paid.
    mutating func expire(_ id: String) throws(GenericError) -> GenericPayment {
        try close(id, from: .pending, to: .expired)
    }

    /// Releases a reserved amount.
    mutating func void(_ id: String, voidReference: String?) throws(GenericError) -> GenericPayment {
        try close(id, from: .authorized, to: .voided, voidReference: voidReference)
    }

    private mutating func close(
        _ id: String, from: GenericPayment.Status, to: GenericPayment.Status, voidReference: String? = nil
    ) throws(GenericError) -> GenericPayment {
        var payment = try payment(id)
        guard payment.status == from else { throw .conflict(payment.status) }
        payment.status = to
        payment.voidReference = voidReference
        store(payment)
        return payment
    }

    /// Gives back some or all of a captured amount.
    mutating func refund(
        _ id: String, amount: Int, refundReference: String, at time: Date
    ) throws(GenericError) -> (GenericPayment, GenericPayment.Refund) {
        var payment = try payment(id)
        guard payment.status == .captured, payment.refunds.count < Self.maximumRefunds else {
            throw .conflict(payment.status)
        }
        guard amount <= payment.capturedAmount - payment.refundedAmount else {
            throw GenericError(
                status: 422, code: "refund_exceeds_captured", message: "More than is left of the captured amount.",
                field: "amount")
        }
        let refund = GenericPayment.Refund(
            id: Identifier.make("gr_"), amount: amount, refundReference: refundReference, createdAt: time)
        payment.refunds.append(refund)
        payments[id] = payment
        book.refund(paymentID: id, minorUnits: amount)
        return (payment, refund)
    }

    /// Remembers the last callback of a payment.
    mutating func remember(_ webhook: OutgoingWebhook, of id: String) {
        payments[id]?.lastWebhook = webhook
    }

    /// Enters a new session.
    mutating func open(_ session: GenericSession) {
        sessions[session.token] = session
        sessionAges.append(session.token)
        if sessions.count > Self.maximumSessions, let oldest = sessionAges.removeOldest(where: { _ in true }) {
            sessions[oldest] = nil
        }
    }

    /// The shopper authorises or declines a session; an authorised one gets its transaction, with the amount reserved.
    mutating func decideSession(_ token: String, isPaid: Bool, at time: Date) throws(GenericError) {
        guard var session = sessions[token] else { throw .notFound }
        guard session.transactionID == nil, !session.isDeclined else {
            throw GenericError(status: 409, code: "conflict", message: "The session is not open.")
        }
        if isPaid {
            let payment = GenericPayment(
                id: Identifier.make("gp_"), reference: session.reference, amount: session.amount,
                currency: session.currency, method: "card", callback: nil, successURL: nil, failureURL: nil,
                reservesOnly: true, startsRecurrence: false, createdAt: time,
                authCode: String(UInt32.random(in: 100_000...999_999)))
            session.transactionID = try create(payment, token: "OK", recurrence: nil).id
        } else {
            session.isDeclined = true
        }
        sessions[token] = session
    }
}
