import Shared

/// What becomes of a payment after `pay`: taken, expired, or its series ended.
extension GenericProvider {
    /// Takes the money of a pre-authorised payment, all or less; of several with one reference the newest reserved.
    func confirm(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let amount = call.amount else { throw ProviderFailure.incompleteCall }
        let payment = try await reservedPayment(of: call)
        guard payment.currency == amount.currency.code else { return Self.otherCurrency(payment) }
        return try await PaymentReply.orRefusal(paymentID: payment.id) { () async throws(EffectFailure) in
            let request = GenericWire.CaptureRequest(amount: amount.minorUnits)
            return GenericMapping.reply(to: try await client.capture(payment.id, request, call))
        }
    }

    /// Money of another currency than the one meant is never moved.
    static func otherCurrency(_ payment: GenericWire.Payment) -> PaymentReply {
        PaymentReply(result: .ko, resultDescription: "The payment is in another currency", paymentID: payment.id)
    }

    /// Closes a payment that the buyer has not made.
    func expire(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let payment = try await expireOrRead(paymentID, call)
        switch payment.status {
        case "expired": return PaymentReply(result: .ok, resultDescription: "Payment expired", paymentID: paymentID)
        case "captured", "authorized", "declined", "voided":
            return PaymentReply(
                result: .ko, resultDescription: "The payment was completed and cannot expire", paymentID: paymentID)
        default: throw GenericErrors.unexpectedState(mayHaveHadEffect: true)
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
        let answer: (PaymentResult, String)
        switch payment.status {
        case "captured", "authorized":
            answer =
                payment.recurrenceToken == nil
                ? (.ko, "The payment starts no series")
                : (.ok, "The series ends: nothing is charged without a further request")
        case "declined", "expired", "voided": answer = (.ok, "The series never began")
        default: throw GenericErrors.unexpectedState(mayHaveHadEffect: true)
        }
        return PaymentReply(result: answer.0, resultDescription: answer.1, paymentID: paymentID)
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

    /// The payment that `confirm` is about.
    func reservedPayment(of call: ProviderCall) async throws(ProviderFailure) -> GenericWire.Payment {
        guard call.reference.paymentID == nil else { return try await payment(of: call) }
        let payments = try await client.payments(reference: call.reference.shopTransactionID ?? "", call)
        guard let payment = payments.first(where: { $0.status == "authorized" }) ?? payments.first else {
            throw ProviderFailure.unknownTransaction
        }
        return payment
    }
}
