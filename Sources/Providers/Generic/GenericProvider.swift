public import Shared

/// The demonstration provider: implements every operation against a simulated payment service of our own design.
public struct GenericProvider: PaymentProvider {
    let client: GenericClient
    let callbackSecret: Secret<String>
    let callbackURL: String
    let callbackMethod: String
    let clock: WallClock

    /// Makes the client from checked settings.
    public init(settings: ProviderSettings, transport: any HTTPTransport, clock: WallClock) {
        let apiKey = settings.secret("API_KEY")
        let callbackSecret = settings.secret("CALLBACK_SECRET")
        self.client = GenericClient(
            http: ProviderHTTP(transport: transport, credentials: [apiKey, callbackSecret]),
            baseURL: settings.text("BASE_URL"), apiKey: apiKey)
        self.callbackSecret = callbackSecret
        self.callbackURL = settings.callbackURL
        self.callbackMethod = settings.text("CALLBACK_METHOD")
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
        GenericMapping.observation(of: try await payment(of: call))
    }

    /// Reads the state that an authentic callback reports.
    public func observe(
        _ callback: RawCallback, call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentObservation {
        // A callback says that something changed; what is true now is asked, so that late and reordered callbacks
        // cannot report an old state.
        try await observe(call)
    }

    /// Tells what became of an execution whose answer was lost.
    public func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        switch call.operation {
        case .pay:
            let payments = try await client.payments(reference: call.reference.shopTransactionID ?? "", call)
            return payments.first.map { .payment(GenericMapping.reply(to: $0)) }
        case .refund:
            let payment = try await payment(of: call)
            let refunds = try await client.refunds(of: payment.id, call)
            return refunds.first { $0.refundReference == call.idempotencyKey }
                .map { .payment(GenericMapping.reply(to: $0)) }
        default: throw ProviderFailure.operationMissing
        }
    }

    private func pay(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let amount = call.amount, let reference = call.reference.shopTransactionID else {
            throw ProviderFailure.incompleteCall
        }
        let request = GenericWire.PaymentRequest(
            amount: amount.minorUnits, currency: amount.currency.code, reference: reference,
            method: call.paymentMethod == "pay-pal" ? "paypal" : "card",
            token: call.body["creditCardToken"]?.stringValue, callbackUrl: callbackURL,
            callbackMethod: callbackMethod, successUrl: call.body["successRedirect"]?.stringValue,
            failureUrl: call.body["failureRedirect"]?.stringValue, capture: "automatic")
        do {
            return GenericMapping.reply(to: try await client.create(request, call))
        } catch .refused(let explanation) {
            return PaymentReply(result: .ko, resultDescription: explanation)
        } catch {
            throw error.failure
        }
    }

    private func refund(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let amount = call.amount else { throw ProviderFailure.incompleteCall }
        let payment = try await payment(of: call)
        let request = GenericWire.RefundRequest(amount: amount.minorUnits, refundReference: call.idempotencyKey)
        do {
            return GenericMapping.reply(to: try await client.refund(payment.id, request, call))
        } catch .refused(let explanation) {
            return PaymentReply(result: .ko, resultDescription: explanation, paymentID: payment.id)
        } catch {
            throw error.failure
        }
    }

    /// The payment by the provider's identifier, else the newest with the merchant's.
    private func payment(of call: ProviderCall) async throws(ProviderFailure) -> GenericWire.Payment {
        if let paymentID = call.reference.paymentID { return try await client.payment(paymentID, call) }
        let payments = try await client.payments(reference: call.reference.shopTransactionID ?? "", call)
        guard let newest = payments.first else { throw ProviderFailure.unknownTransaction }
        return newest
    }
}
