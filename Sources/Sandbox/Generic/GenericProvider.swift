import Foundation
import Synchronization

/// The demonstration provider `generic-provider`: an invention in which every operation of the gateway exists.
final class GenericProvider: SimulatedProvider {
    /// The provider's path component.
    static let name = "generic-provider"

    /// The provider's path component.
    var name: String { Self.name }

    private let environment: ProviderEnvironment
    private let authorization: String
    private let callbackSecret: String
    private let ledger: Mutex<GenericLedger>
    private let idempotency = IdempotencyBook()

    /// Makes the provider; settings `apiKey` and `callbackSecret`.
    init(_ environment: ProviderEnvironment) {
        self.environment = environment
        authorization = "Bearer \(environment.setting("apiKey") ?? "")"
        callbackSecret = environment.setting("callbackSecret") ?? ""
        ledger = Mutex(GenericLedger(maximumPayments: environment.maximumPayments))
    }

    func operation(of request: SimulatedRequest) -> String {
        GenericCommand.route(of: request).operation
    }

    func reference(of request: SimulatedRequest) -> String? {
        let (operation, id) = GenericCommand.route(of: request)
        switch operation {
        case "create", "openSession": return JSONParser.parse(request.body)?["reference"]?.text
        case "list": return request.query["reference"]
        case "getSession": return ledger.withLock { try? $0.session(id).0.reference }
        default: return ledger.withLock { $0.book.reference(paymentID: id) }
        }
    }

    func answer(_ request: SimulatedRequest, after pause: Duration) async throws -> SimulatedAnswer {
        let command: GenericCommand
        let key: String?
        do throws(GenericError) {
            key = try checkHeaders(request)
            command = try GenericCommand(request)
        } catch {
            return error.answer
        }
        return try await idempotency.perform(
            key: key, fingerprint: request.fingerprint, pause: pause,
            refusal: { Self.refusal($0).answer }, work: { self.perform(command) })
    }

    /// Returns the idempotency key of a request that has one.
    private func checkHeaders(_ request: SimulatedRequest) throws(GenericError) -> String? {
        guard request.header("Authorization") == authorization else {
            throw GenericError(status: 401, code: "unauthorized", message: "The API key is missing or wrong.")
        }
        guard request.method == "POST" else { return nil }
        guard request.mediaType == "application/json" else {
            throw .invalid("Content-Type", "Must be application/json.")
        }
        guard let key = request.header("Idempotency-Key"), (1...255).contains(key.count) else {
            throw .invalid("Idempotency-Key", "Must have 1 to 255 characters.")
        }
        return key
    }

    private static func refusal(_ refusal: IdempotencyBook.Refusal) -> GenericError {
        switch refusal {
        case .running:
            GenericError(
                status: 409, code: "idempotency_in_progress", message: "The first request with this key still runs.")
        case .mismatch:
            GenericError(
                status: 422, code: "idempotency_mismatch", message: "The key was used for another request.")
        }
    }

    private func perform(_ command: GenericCommand) -> SimulatedAnswer {
        do throws(GenericError) {
            return try execute(command)
        } catch {
            return error.answer
        }
    }

    private func change(
        _ body: (inout GenericLedger) throws(GenericError) -> GenericPayment
    ) throws(GenericError) -> GenericPayment {
        try ledger.withLock { (ledger) throws(GenericError) -> GenericPayment in try body(&ledger) }
    }

    private func execute(_ command: GenericCommand) throws(GenericError) -> SimulatedAnswer {
        switch command {
        case .create(let new):
            let payment = make(new)
            return show(
                201,
                try change { (ledger) throws(GenericError) in
                    try ledger.create(payment, token: new.token, recurrence: new.recurrence)
                })
        case .list(let reference):
            let payments = ledger.withLock { $0.payments(reference: reference, madeUntil: lastVisible) }
            return .json(200, ["data": .array(payments.map { $0.json(pagesURL: environment.pagesURL) })])
        case .get(let id):
            return show(200, try change { (ledger) throws(GenericError) in try ledger.payment(id) })
        case .capture(let id, let amount, let captureReference):
            let payment = try change { (ledger) throws(GenericError) in
                try ledger.capture(id, amount: amount, captureReference: captureReference)
            }
            callBack(payment)
            return show(201, payment)
        case .expire(let id):
            let payment = try change { (ledger) throws(GenericError) in try ledger.expire(id) }
            callBack(payment)
            return show(201, payment)
        case .void(let id, let voidReference):
            return show(
                201,
                try change { (ledger) throws(GenericError) in
                    try ledger.void(id, voidReference: voidReference)
                })
        case .refund(let id, let amount, let refundReference):
            let time = environment.now()
            var refund: GenericPayment.Refund?
            let payment = try change { (ledger) throws(GenericError) in
                let result = try ledger.refund(id, amount: amount, refundReference: refundReference, at: time)
                refund = result.1
                return result.0
            }
            return .json(201, refund.map(payment.json) ?? .null)
        case .listRefunds(let id):
            let payment = try change { (ledger) throws(GenericError) in try ledger.payment(id) }
            return .json(200, ["data": .array(payment.refunds.reversed().map(payment.json))])
        case .openSession(let new):
            let session = GenericSession(
                token: Identifier.make("gs_"), orderID: Identifier.make("go_"), reference: new.reference,
                amount: new.amount, currency: new.currency, attemptReference: new.attemptReference)
            ledger.withLock { $0.open(session) }
            return .json(
                201,
                ["token": .string(session.token), "orderId": .string(session.orderID), "status": "open"])
        case .getSession(let token):
            let (session, transaction) = try ledger.withLock { (ledger) throws(GenericError) in
                try ledger.session(token)
            }
            return .json(200, session.json(transaction: transaction))
        }
    }

    /// When what is in lists by now was made at the latest; without a lag everything is, whatever the clock does.
    private var lastVisible: Date {
        let lag = environment.visibilityLag / .seconds(1)
        return lag > 0 ? environment.now().addingTimeInterval(-lag) : .distantFuture
    }

    private func make(_ new: GenericCommand.NewPayment) -> GenericPayment {
        GenericPayment(
            id: Identifier.make("gp_"), reference: new.reference, amount: new.amount, currency: new.currency,
            method: new.method, callback: new.callback, successURL: new.successURL, failureURL: new.failureURL,
            reservesOnly: new.isManualCapture || new.token?.hasPrefix("PREAUTH") == true,
            startsRecurrence: new.recurrence?.isFirst == true, createdAt: environment.now(),
            attemptReference: new.attemptReference)
    }

    private func show(_ status: Int, _ payment: GenericPayment) -> SimulatedAnswer {
        .json(status, payment.json(pagesURL: environment.pagesURL))
    }

    private func callBack(_ payment: GenericPayment) {
        let webhook = GenericCallback.make(for: payment, secret: callbackSecret, at: environment.now())
        guard let webhook else { return }
        ledger.withLock { $0.remember(webhook, of: payment.id) }
        environment.send(webhook)
    }

    func accounts(reference: String?, after: Int, limit: Int) -> JSONValue {
        ledger.withLock { $0.book.report(reference: reference, after: after, limit: limit) }
    }

    func lastWebhook(paymentID: String) -> OutgoingWebhook? {
        ledger.withLock { try? $0.payment(paymentID).lastWebhook }
    }

    func page(_ request: SimulatedRequest) -> SimulatedAnswer {
        guard let id = request.path.first else { return Self.message(404, "There is no such payment.") }
        do throws(GenericError) {
            switch (request.method, request.path.dropFirst().first) {
            case ("GET", nil): return try showPage(id)
            case ("POST", "pay"): return try decide(id, isPaid: true)
            case ("POST", "decline"): return try decide(id, isPaid: false)
            default: return Self.message(404, "There is no such page.")
            }
        } catch {
            return Self.message(error.status, error.message)
        }
    }

    private func showPage(_ id: String) throws(GenericError) -> SimulatedAnswer {
        let (amount, currency, isOpen) = try ledger.withLock { (ledger) throws(GenericError) in
            if id.hasPrefix("gs_") {
                let (session, transaction) = try ledger.session(id)
                return (session.amount, session.currency, transaction == nil && !session.isDeclined)
            }
            let payment = try ledger.payment(id)
            return (payment.amount, payment.currency, payment.status == .pending)
        }
        guard isOpen else { return Self.message(200, "This payment is already settled.") }
        return .page(
            200,
            HostedPage.render(
                title: "Generic provider", lines: ["Amount: \(amount) minor units of \(currency)"],
                actionBase: "\(environment.pagesPath)/\(id)",
                buttons: [.init(action: "pay", label: "Pay"), .init(action: "decline", label: "Decline")]))
    }

    private func decide(_ id: String, isPaid: Bool) throws(GenericError) -> SimulatedAnswer {
        let result = isPaid ? "Payment accepted." : "Payment declined."
        if id.hasPrefix("gs_") {
            let time = environment.now()
            try ledger.withLock { (ledger) throws(GenericError) in
                try ledger.decideSession(id, isPaid: isPaid, at: time)
            }
            return Self.message(200, result)
        }
        let payment = try change { (ledger) throws(GenericError) in try ledger.decide(id, isPaid: isPaid) }
        callBack(payment)
        let address = isPaid ? payment.successURL : payment.failureURL
        return address.map { SimulatedAnswer.seeOther($0) } ?? Self.message(200, result)
    }

    private static func message(_ status: Int, _ text: String) -> SimulatedAnswer {
        .page(status, HostedPage.render(title: "Generic provider", lines: [text]))
    }
}
