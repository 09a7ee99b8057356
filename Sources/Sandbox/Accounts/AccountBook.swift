import Foundation

/// Who was charged what: the truth that tests and benchmarks compare the gateway's answers with.
///
/// A value without a lock: it lives inside the state of a provider. Totals count everything that ever happened, also
/// for payments that were forgotten since.
struct AccountBook: Sendable {
    /// One payment of a reference.
    private struct Payment {
        let reference: String
        let createdAt: Date
        let amountMinorUnits: Int
        var status: String
        var chargedMinorUnits = 0
        var refundedMinorUnits = 0
        var refundCount = 0
        var renewalCount = 0
        var isClosed = false
    }

    /// All payments with the same reference.
    private struct Account {
        let sequence: Int
        var paymentIDs: [String] = []
        var timesCharged = 0
    }

    private let maximumPayments: Int
    private var payments: [String: Payment] = [:]
    private var accounts: [String: Account] = [:]
    private var references: [Int: String] = [:]
    private var lastSequence = 0
    private var ages = AgeQueue()

    private var paymentTotal = 0
    private var chargedReferenceTotal = 0
    private var chargedMoreThanOnceTotal = 0
    private var chargedTotalMinorUnits = 0
    private var refundedTotalMinorUnits = 0

    /// Makes an empty book that forgets closed payments past `maximumPayments`, and any past twice as many.
    init(maximumPayments: Int) {
        self.maximumPayments = maximumPayments
    }

    /// Enters a new payment.
    ///
    /// Returns the ids of payments that were forgotten for it: the provider drops them too.
    mutating func open(
        paymentID: String, reference: String, amountMinorUnits: Int, status: String, at time: Date
    ) -> [String] {
        payments[paymentID] = Payment(
            reference: reference, createdAt: time, amountMinorUnits: amountMinorUnits, status: status)
        if accounts[reference] == nil {
            lastSequence += 1
            accounts[reference] = Account(sequence: lastSequence)
            references[lastSequence] = reference
        }
        accounts[reference]?.paymentIDs.append(paymentID)
        paymentTotal += 1
        ages.append(paymentID)
        return evict()
    }

    /// Sets the status shown for a payment; `isClosed` says that nothing more is expected to happen to it.
    mutating func update(paymentID: String, status: String, isClosed: Bool) {
        payments[paymentID]?.status = status
        payments[paymentID]?.isClosed = isClosed
    }

    /// Counts money taken for a payment.
    ///
    /// A renewal of a subscription is not a second charge of its reference.
    mutating func charge(paymentID: String, minorUnits: Int, isRenewal: Bool = false) {
        guard var payment = payments[paymentID] else { return }
        payment.chargedMinorUnits = MinorUnits.sum(payment.chargedMinorUnits, minorUnits)
        chargedTotalMinorUnits = MinorUnits.sum(chargedTotalMinorUnits, minorUnits)
        if isRenewal {
            payment.renewalCount += 1
        } else {
            accounts[payment.reference]?.timesCharged += 1
            let timesCharged = accounts[payment.reference]?.timesCharged ?? 0
            if timesCharged == 1 { chargedReferenceTotal += 1 }
            if timesCharged == 2 { chargedMoreThanOnceTotal += 1 }
        }
        payments[paymentID] = payment
    }

    /// Counts money given back for a payment.
    mutating func refund(paymentID: String, minorUnits: Int) {
        guard var payment = payments[paymentID] else { return }
        payment.refundedMinorUnits = MinorUnits.sum(payment.refundedMinorUnits, minorUnits)
        payment.refundCount += 1
        payments[paymentID] = payment
        refundedTotalMinorUnits = MinorUnits.sum(refundedTotalMinorUnits, minorUnits)
    }

    /// The reference of a payment; nil when it is not known or was forgotten.
    func reference(paymentID: String) -> String? {
        payments[paymentID]?.reference
    }

    /// The ids of the payments of a reference, oldest first.
    func paymentIDs(reference: String) -> [String] {
        accounts[reference]?.paymentIDs ?? []
    }

    private mutating func evict() -> [String] {
        guard payments.count > maximumPayments else { return [] }
        var forgotten: [String] = []
        // Taken out for the search, which reads the payments.
        var ages = AgeQueue()
        swap(&ages, &self.ages)
        defer { swap(&ages, &self.ages) }
        while payments.count > maximumPayments {
            let mustEvict = payments.count > 2 * maximumPayments
            let found = ages.removeOldest { mustEvict || payments[$0]?.isClosed != false }
            guard let paymentID = found else { break }
            if forget(paymentID) { forgotten.append(paymentID) }
        }
        return forgotten
    }

    private mutating func forget(_ paymentID: String) -> Bool {
        guard let payment = payments.removeValue(forKey: paymentID) else { return false }
        accounts[payment.reference]?.paymentIDs.removeAll { $0 == paymentID }
        if let account = accounts[payment.reference], account.paymentIDs.isEmpty {
            accounts[payment.reference] = nil
            references[account.sequence] = nil
        }
        return true
    }
}

extension AccountBook {
    /// Totals always; the accounts of one reference, or a page of `limit` accounts created after cursor `after`.
    func report(reference: String?, after: Int, limit: Int) -> JSONValue {
        var shown: [JSONValue] = []
        var next: Int?
        if let reference {
            if let account = accounts[reference] { shown.append(describe(account, reference: reference)) }
        } else if limit > 0, after < lastSequence {
            for sequence in (after + 1)...lastSequence {
                guard let reference = references[sequence], let account = accounts[reference] else { continue }
                if shown.count == limit { break }
                shown.append(describe(account, reference: reference))
                next = sequence
            }
            if shown.count < limit || next == lastSequence { next = nil }
        }
        return [
            "totals": [
                "payments": .integer(paymentTotal),
                "chargedReferences": .integer(chargedReferenceTotal),
                "chargedMinorUnits": .integer(chargedTotalMinorUnits),
                "refundedMinorUnits": .integer(refundedTotalMinorUnits),
                "chargedMoreThanOnce": .integer(chargedMoreThanOnceTotal),
            ],
            "accounts": .array(shown),
            "next": .number(next),
        ]
    }

    private func describe(_ account: Account, reference: String) -> JSONValue {
        let entries = account.paymentIDs.compactMap { paymentID -> JSONValue? in
            guard let payment = payments[paymentID] else { return nil }
            return [
                "paymentID": .string(paymentID),
                "status": .string(payment.status),
                "amountMinorUnits": .integer(payment.amountMinorUnits),
                "chargedMinorUnits": .integer(payment.chargedMinorUnits),
                "refundedMinorUnits": .integer(payment.refundedMinorUnits),
                "refundCount": .integer(payment.refundCount),
                "renewalCount": .integer(payment.renewalCount),
                "createdAt": .string(payment.createdAt.formatted(.iso8601)),
            ]
        }
        return [
            "reference": .string(reference),
            "timesCharged": .integer(account.timesCharged),
            "payments": .array(entries),
        ]
    }
}
