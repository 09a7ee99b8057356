import Shared

/// Sessions: the buyer authorises at the provider with a token, then the merchant settles, voids or refunds.
extension GenericProvider {
    func openSession(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        guard let amount = call.amount, let reference = call.reference.shopTransactionID else {
            throw ProviderFailure.incompleteCall
        }
        let request = GenericWire.SessionRequest(
            amount: amount.minorUnits, currency: amount.currency.code, reference: reference,
            userToken: call.body["userTokenId"]?.stringValue, attemptReference: call.idempotencyKey)
        do {
            let session = try await client.openSession(request, call)
            return .object([
                "result": .string(PaymentResult.ok.rawValue), "resultDescription": .string("Session opened"),
                "sessionToken": .string(session.token), "orderId": .string(session.orderId),
            ])
        } catch .refused(let explanation) {
            return .object([
                "result": .string(PaymentResult.ko.rawValue), "resultDescription": .string(explanation),
                "sessionToken": .null, "orderId": .null,
            ])
        } catch {
            throw error.failure
        }
    }

    func session(of call: ProviderCall) async throws(ProviderFailure) -> GenericWire.Session {
        guard let token = call.body["sessionToken"]?.stringValue else { throw ProviderFailure.incompleteCall }
        return try await client.session(token, call)
    }

    /// `session/confirm`, `session/void` and `session/refund`: of the transaction named, or of the session's.
    func settleSession(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        guard let amount = call.amount else { throw ProviderFailure.incompleteCall }
        guard let transactionID = try await transactionID(of: call) else {
            return GenericMapping.sessionReply(
                .ko, "The buyer has not authorised the session", transactionID: nil, authCode: nil)
        }
        let payment = try await client.payment(transactionID, call)
        let reply = { (result: PaymentResult, text: String) in
            GenericMapping.sessionReply(result, text, transactionID: transactionID, authCode: payment.authCode)
        }
        if let explanation = Self.mismatch(of: payment, amount, call) { return reply(.ko, explanation) }
        do throws(EffectFailure) {
            switch call.operation {
            case .sessionConfirm:
                let request = GenericWire.CaptureRequest(
                    amount: amount.minorUnits, captureReference: call.idempotencyKey)
                let settled = GenericMapping.reply(to: try await client.capture(transactionID, request, call))
                return reply(settled.result, settled.resultDescription)
            case .sessionVoid:
                let voided = try await client.void(
                    transactionID, GenericWire.VoidRequest(voidReference: call.idempotencyKey), call)
                guard voided.status == "voided" else {
                    throw .failed(GenericErrors.unexpectedState(mayHaveHadEffect: true))
                }
                return reply(.ok, voided.description ?? voided.status)
            default:
                let request = GenericWire.RefundRequest(
                    amount: amount.minorUnits, refundReference: call.idempotencyKey)
                let refund = try await client.refund(transactionID, request, call)
                let refunded = GenericMapping.reply(to: refund, of: payment)
                return reply(refunded.result, refunded.resultDescription)
            }
        } catch .refused(let explanation) {
            return reply(.ko, explanation)
        } catch {
            throw error.failure
        }
    }

    func transactionID(of call: ProviderCall) async throws(ProviderFailure) -> String? {
        if let transactionID = call.body["transactionId"]?.stringValue { return transactionID }
        let session = try await session(of: call)
        // Only these have none yet, or never.
        if session.transactionId == nil, !["open", "declined", "expired"].contains(session.status) {
            throw GenericErrors.unexpectedState(mayHaveHadEffect: false)
        }
        return session.transactionId
    }

    /// Why a transaction is not the one that the caller means: money of another currency or payment is never moved.
    private static func mismatch(
        of payment: GenericWire.Payment, _ amount: Money, _ call: ProviderCall
    ) -> String? {
        if payment.reference != call.reference.shopTransactionID {
            return "The transaction belongs to another shopTransactionID"
        }
        return payment.currency == amount.currency.code ? nil : "The transaction is in another currency"
    }
}
