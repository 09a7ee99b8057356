public import Shared

/// Stripe: one-off payments through hosted Checkout Sessions.
public struct StripeProvider: PaymentProvider {
    let client: StripeClient
    let webhookSecret: Secret<String>
    let clock: WallClock

    /// Makes the client from checked settings.
    public init(settings: ProviderSettings, transport: any HTTPTransport, clock: WallClock) {
        let privateKey = settings.secret("PRIVATE_KEY")
        let webhookSecret = settings.secret("WEBHOOK_SECRET")
        self.client = StripeClient(
            http: ProviderHTTP(transport: transport, credentials: [privateKey, webhookSecret]),
            baseURL: settings.text("BASE_URL"), privateKey: privateKey, apiVersion: settings.text("API_VERSION"))
        self.webhookSecret = webhookSecret
        self.clock = clock
    }

    /// Executes a payment operation.
    public func execute(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        switch call.operation {
        case .pay: .payment(try await pay(call))
        case .refund: .payment(try await refund(call))
        default: throw ProviderFailure.operationMissing
        }
    }

    /// Reads the state of a payment.
    public func observe(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentObservation {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        return StripeMapping.observation(of: try await client.session(paymentID, call))
    }

    /// Reads the state that an authentic callback reports.
    public func observe(
        _ callback: RawCallback, call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentObservation {
        guard let event = try? JSONCoding.decode(StripeWire.SessionEvent.self, from: callback.body) else {
            throw ProviderFailure(
                .unusableAnswer, mayHaveHadEffect: false, isTransient: false, "the event cannot be read")
        }
        return StripeMapping.observation(of: event)
    }

    /// Tells what became of an execution whose answer was lost.
    public func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        switch call.operation {
        case .refund:
            guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
            let session = try await client.session(paymentID, call)
            guard let intent = session.paymentIntent?.id else { return nil }
            let refunds = try await client.refunds(paymentIntent: intent, call)
            return refunds.first { $0.metadata?["refundId"] == call.idempotencyKey }
                .map { .payment(StripeMapping.reply(to: $0, paymentID: paymentID)) }
        default:
            // A session cannot be found by reference; while Stripe keeps the key (24 hours at least), the same call
            // with the same key gives the first answer again, and creating a session charges nobody.
            return try await execute(call)
        }
    }

    private func pay(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let amount = call.amount, let reference = call.reference.shopTransactionID else {
            throw ProviderFailure.incompleteCall
        }
        let redirects = (
            success: call.body["successRedirect"]?.stringValue, failure: call.body["failureRedirect"]?.stringValue
        )
        guard let success = redirects.success, let failure = redirects.failure else {
            throw ProviderFailure.incompleteCall
        }
        let form = StripeMapping.sessionForm(
            amount: amount, reference: reference, successURL: success, cancelURL: failure)
        do {
            return try StripeMapping.reply(to: try await client.createSession(form, call))
        } catch let error as EffectFailure {
            guard case .refused(let explanation) = error else { throw error.failure }
            return PaymentReply(result: .ko, resultDescription: explanation)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Reads the session and the refunds so far, then refunds: the own refund of an earlier attempt is found by its
    /// metadata, and more than what is left is refused with a text that says what is left.
    private func refund(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let session = try await client.session(paymentID, call)
        guard let intent = session.paymentIntent?.id, session.paymentStatus == "paid" else {
            return PaymentReply(
                result: .ko, resultDescription: "The payment was not made, there is nothing to refund",
                paymentID: paymentID)
        }
        let refunds = try await client.refunds(paymentIntent: intent, call)
        if let earlier = refunds.first(where: { $0.metadata?["refundId"] == call.idempotencyKey }) {
            return StripeMapping.reply(to: earlier, paymentID: paymentID)
        }
        if let explanation = StripeMapping.refusal(ofRefund: call.amount, session: session, refunds: refunds) {
            return PaymentReply(result: .ko, resultDescription: explanation, paymentID: paymentID)
        }
        do {
            let form = StripeMapping.refundForm(
                amount: call.amount, paymentIntent: intent, refundID: call.idempotencyKey)
            return StripeMapping.reply(to: try await client.createRefund(form, call), paymentID: paymentID)
        } catch .refused(let explanation) {
            return PaymentReply(result: .ko, resultDescription: explanation, paymentID: paymentID)
        } catch {
            throw error.failure
        }
    }

    private static func failure(_ error: any Error) -> ProviderFailure {
        (error as? ProviderFailure) ?? ProviderFailure.incompleteCall
    }
}
