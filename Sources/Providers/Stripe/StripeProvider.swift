public import Shared

/// Stripe: payments and subscriptions through hosted Checkout Sessions.
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
        case .pay: .payment(try await openSession(call, isSubscription: false))
        case .payRecurrent: .payment(try await openSession(call, isSubscription: true))
        case .payExpire: .payment(try await expire(call))
        case .payRecurrentExpire: .payment(try await cancel(call))
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
        guard let event = try? StripeCallback(callback.body) else {
            throw ProviderFailure(
                .unusableAnswer, mayHaveHadEffect: false, isTransient: false, "the event cannot be read")
        }
        switch event {
        case .session(let event): return StripeMapping.observation(of: event)
        case .renewal(let event): return try await observation(of: event, call)
        case .other: throw ProviderFailure.incompleteCall
        }
    }

    /// Tells what became of an execution whose answer was lost.
    public func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        switch call.operation {
        case .refund:
            guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
            let session = try await client.session(paymentID, call)
            guard let target = try await refundTarget(of: session, call) else { return nil }
            let refunds = try await client.refunds(of: target, call)
            return refunds.first { $0.metadata?["refundId"] == call.idempotencyKey }
                .map { .payment(StripeMapping.reply(to: $0, paymentID: paymentID)) }
        default:
            // A session cannot be found by reference; while Stripe keeps the key (24 hours at least), the same call
            // with the same key gives the first answer again, and creating a session charges nobody. What ends a
            // session or a subscription does no more when it is done again.
            return try await execute(call)
        }
    }

    /// Stripe keeps keys for at least 24 hours; a margin is left for clocks that differ.
    public func recovery(of operation: Operation) -> EffectRecovery { .repeatUnderKey(life: .seconds(23 * 3600)) }

    private func openSession(
        _ call: ProviderCall, isSubscription: Bool
    ) async throws(ProviderFailure) -> PaymentReply {
        let success = call.body["successRedirect"]?.stringValue
        let failure = call.body["failureRedirect"]?.stringValue
        guard let reference = call.reference.shopTransactionID, let success, let failure else {
            throw ProviderFailure.incompleteCall
        }
        let form = StripeForms.session(
            StripeForms.NewSession(
                order: try StripeOrder(call, reference: reference, isRecurrent: isSubscription),
                isSubscription: isSubscription, reference: reference, successURL: success, cancelURL: failure))
        return try await PaymentReply.orRefusal { () async throws(EffectFailure) in
            let session = try await client.createSession(form, call)
            return try await EffectFailure.reading { () throws(ProviderFailure) in
                try StripeMapping.reply(to: session)
            }
        }
    }
}
