import Shared

/// What becomes of a payment after `pay`: taken, expired, or its series ended.
extension GenericProvider {
    /// Takes the money of a pre-authorised payment, all or less; of several with one reference the newest reserved.
    ///
    /// What an earlier attempt at this very call has taken is answered as it was then.
    func confirm(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let amount = call.amount else { throw ProviderFailure.incompleteCall }
        let candidates = try await payments(of: call)
        if let own = candidates.first(where: { $0.captureReference == call.idempotencyKey }) {
            return GenericMapping.reply(to: own)
        }
        guard let payment = candidates.first(where: { $0.status == "authorized" }) ?? candidates.first else {
            throw ProviderFailure.unknownTransaction
        }
        guard payment.currency == amount.currency.code else { return Self.otherCurrency(payment) }
        let request = GenericWire.CaptureRequest(
            amount: amount.minorUnits, captureReference: call.idempotencyKey)
        do {
            return GenericMapping.reply(to: try await client.capture(payment.id, request, call))
        } catch .refused(let explanation) {
            return GenericMapping.reply(.ko, explanation, of: payment)
        } catch {
            throw error.failure
        }
    }

    /// Money of another currency than the one meant is never moved.
    static func otherCurrency(_ payment: GenericWire.Payment) -> PaymentReply {
        GenericMapping.reply(.ko, "The payment is in another currency", of: payment)
    }

    /// Closes a payment that the buyer has not made.
    func expire(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        guard let reply = Self.expiry(of: try await expireOrRead(paymentID, call)) else {
            throw GenericErrors.unexpectedState(mayHaveHadEffect: true)
        }
        return reply
    }

    /// What a payment's state answers to `pay/expire`; `nil` when it is still open, or of a state that says nothing.
    static func expiry(of payment: GenericWire.Payment) -> PaymentReply? {
        switch payment.status {
        case "expired": GenericMapping.reply(.ok, "Payment expired", of: payment)
        case "captured", "authorized", "declined", "voided":
            GenericMapping.reply(.ko, "The payment was completed and cannot expire", of: payment)
        default: nil
        }
    }

    /// Ends a series: one whose first payment was not made expires at once, whatever time is asked for.
    ///
    /// The provider charges nothing by itself, so a series that has begun needs no call: it ends when the merchant asks
    /// for no further instalment.
    func endSeries(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        _ = try CancelTime(call.body)
        var payment = try await client.payment(paymentID, call)
        if payment.status == "pending" { payment = try await expireOrRead(paymentID, call) }
        guard let reply = Self.endOfSeries(payment) else {
            throw GenericErrors.unexpectedState(mayHaveHadEffect: true)
        }
        return reply
    }

    /// What the state of a series' first payment answers to its end; `nil` when that is still open, or says nothing.
    static func endOfSeries(_ payment: GenericWire.Payment) -> PaymentReply? {
        switch payment.status {
        case "captured", "authorized":
            payment.recurrenceToken == nil
                ? GenericMapping.reply(.ko, "The payment starts no series", of: payment)
                : GenericMapping.reply(
                    .ok, "The series ends: nothing is charged without a further request", of: payment)
        case "declined", "expired", "voided": GenericMapping.reply(.ok, "The series never began", of: payment)
        default: nil
        }
    }

    /// Expires a payment; one that the provider does not expire is read, because only its state tells why.
    private func expireOrRead(
        _ paymentID: String, _ call: ProviderCall
    ) async throws(ProviderFailure) -> GenericWire.Payment {
        do {
            return try await client.expire(paymentID, call)
        } catch .refused {
            return try await client.payment(paymentID, call)
        } catch {
            throw error.failure
        }
    }

    /// Every payment that a call may be about: the one of the provider's identifier, else all of the merchant's, newest
    /// first.
    func payments(of call: ProviderCall) async throws(ProviderFailure) -> [GenericWire.Payment] {
        if let paymentID = call.reference.paymentID { return [try await client.payment(paymentID, call)] }
        guard let reference = call.reference.shopTransactionID else { throw ProviderFailure.incompleteCall }
        return try await client.payments(reference: reference, call)
    }
}
