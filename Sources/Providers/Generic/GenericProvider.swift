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
            baseURL: settings.text("BASE_URL"), apiKey: apiKey,
            recovery: GenericRecovery(rawValue: settings.text("RECOVERY")) ?? .key)
        self.callbackSecret = callbackSecret
        self.callbackURL = settings.callbackURL
        self.callbackMethod = settings.text("CALLBACK_METHOD")
        self.clock = clock
    }

    /// Executes a payment operation.
    public func execute(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        switch call.operation {
        case .pay, .payRecurrent: .payment(try await pay(call))
        case .payExpire: .payment(try await expire(call))
        case .payRecurrentExpire: .payment(try await endSeries(call))
        case .confirm: .payment(try await confirm(call))
        case .refund: .payment(try await refund(call))
        case .sessionOpen: try await openSession(call)
        case .sessionConfirm, .sessionVoid, .sessionRefund: try await settleSession(call)
        case .sessionCheck: GenericMapping.answer(to: try await session(of: call))
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

    private func pay(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let amount = call.amount, let reference = call.reference.shopTransactionID else {
            throw ProviderFailure.incompleteCall
        }
        let request = GenericWire.PaymentRequest(
            amount: amount.minorUnits, currency: amount.currency.code, reference: reference,
            method: call.paymentMethod == "pay-pal" ? "paypal" : "card",
            token: call.body["creditCardToken"]?.stringValue,
            description: call.body["payPalDescription"]?.stringValue, callbackUrl: callbackURL,
            callbackMethod: callbackMethod, successUrl: call.body["successRedirect"]?.stringValue,
            failureUrl: call.body["failureRedirect"]?.stringValue, capture: "automatic",
            recurrence: try recurrence(call), attemptReference: call.idempotencyKey)
        do {
            return GenericMapping.reply(to: try await client.create(request, call))
        } catch .refused(let explanation) {
            return PaymentReply(result: .ko, resultDescription: explanation)
        } catch {
            throw error.failure
        }
    }

    private func recurrence(_ call: ProviderCall) throws(ProviderFailure) -> GenericWire.Recurrence? {
        guard call.operation == .payRecurrent else { return nil }
        guard let details = call.body["recurrenceDetails"], let first = details["isFirstInstallment"]?.booleanValue
        else { throw ProviderFailure.incompleteCall }
        return GenericWire.Recurrence(
            first: first, token: details["recurrenceToken"]?.stringValue,
            previousPaymentId: details["previousPaymentID"]?.stringValue,
            intervalDays: details["installmentFrequencyInDays"]?.integerValue,
            expiresOn: details["expiresOn"]?.stringValue)
    }

    private func refund(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let amount = call.amount else { throw ProviderFailure.incompleteCall }
        let payment = try await payment(of: call)
        guard payment.currency == amount.currency.code else { return Self.otherCurrency(payment) }
        let request = GenericWire.RefundRequest(amount: amount.minorUnits, refundReference: call.idempotencyKey)
        do {
            return GenericMapping.reply(to: try await client.refund(payment.id, request, call), of: payment)
        } catch .refused(let explanation) {
            return GenericMapping.reply(.ko, explanation, of: payment)
        } catch {
            throw error.failure
        }
    }

    /// The payment by the provider's identifier, else the newest with the merchant's.
    func payment(of call: ProviderCall) async throws(ProviderFailure) -> GenericWire.Payment {
        guard let newest = try await payments(of: call).first else { throw ProviderFailure.unknownTransaction }
        return newest
    }
}
