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
        let session: StripeWire.Session
        do throws(EffectFailure) {
            session = try await client.createSession(form, call)
        } catch {
            guard case .refused(let explanation) = error else { throw error.failure }
            return PaymentReply(result: .ko, resultDescription: explanation)
        }
        return try StripeMapping.reply(to: session)
    }
}
