import Foundation
import Synchronization

/// Stripe as a merchant of Checkout sees it: sessions, subscriptions, refunds and webhooks.
final class StripeProvider: SimulatedProvider {
    /// The provider's path component.
    static let name = "stripe"

    /// The provider's path component.
    var name: String { Self.name }

    private let environment: ProviderEnvironment
    private let headers: StripeHeaders
    private let catalogue: StripeCatalogue
    private let webhookURL: String?
    private let webhookSecret: String
    private let ledger: Mutex<StripeLedger>
    private let idempotency = IdempotencyBook()

    /// Makes the provider; settings `privateKey`, `webhookSecret`, `webhookURL` and `prices`.
    init(_ environment: ProviderEnvironment) {
        self.environment = environment
        headers = StripeHeaders(privateKey: environment.setting("privateKey") ?? "")
        catalogue = StripeCatalogue(environment.setting("prices") ?? "")
        webhookURL = environment.setting("webhookURL")
        webhookSecret = environment.setting("webhookSecret") ?? ""
        ledger = Mutex(
            StripeLedger(maximumPayments: environment.maximumPayments, pagesURL: environment.pagesURL))
    }

    private var now: Int { UnixTime.seconds(environment.now()) }

    func operation(of request: SimulatedRequest) -> String {
        StripeCommand.route(of: request).operation
    }

    func reference(of request: SimulatedRequest) -> String? {
        let (operation, id) = StripeCommand.route(of: request)
        let fields = Self.fields(of: request) ?? []
        if operation == "create" { return fields["client_reference_id"] }
        return ledger.withLock { ledger in
            let target = id.isEmpty ? fields["payment_intent"] ?? fields["charge"] ?? "" : id
            let intent = try? ledger.intent(target, parameter: "payment_intent")
            return ledger.book.reference(paymentID: intent?.sessionID ?? ledger.sessionID(of: target))
        }
    }

    private static func fields(of request: SimulatedRequest) -> [FormField]? {
        guard request.method != "GET" else { return request.query }
        return FormField.decode(String(decoding: request.body, as: UTF8.self)).map { request.query + $0 }
    }

    func answer(_ request: SimulatedRequest, after pause: Duration) async throws -> SimulatedAnswer {
        var answer = try await answerWithoutIdentifier(request, after: pause)
        answer.headers.append(FormField(name: "Request-Id", value: Identifier.make("req_")))
        return answer
    }

    private func answerWithoutIdentifier(
        _ request: SimulatedRequest, after pause: Duration
    ) async throws -> SimulatedAnswer {
        let (operation, id) = StripeCommand.route(of: request)
        let command: StripeCommand
        let key: String?
        do throws(StripeError) {
            if operation == "other" {
                let path = request.path.joined(separator: "/")
                throw StripeError(
                    status: 404, message: "Unrecognized request URL (\(request.method): /\(path)).")
            }
            key = try headers.check(request, operation: operation)
            guard let fields = Self.fields(of: request) else { throw .invalid(nil, "Invalid encoding.") }
            command = try StripeCommand(
                operation: operation, id: id, fields: fields, catalogue: catalogue, now: now)
        } catch {
            return error.answer
        }
        return try await idempotency.perform(
            key: key, fingerprint: request.fingerprint, pause: pause,
            refusal: { Self.refusal($0).answer }, work: { self.perform(command) })
    }

    private static func refusal(_ refusal: IdempotencyBook.Refusal) -> StripeError {
        switch refusal {
        case .running:
            StripeError(
                status: 409, type: "idempotency_error", code: "idempotency_key_in_use",
                message: "There is currently another in-progress request using this Idempotency Key.")
        case .mismatch:
            StripeError(
                status: 400, type: "idempotency_error",
                message: "Keys for idempotent requests can only be used with the same parameters they were first "
                    + "used with.")
        }
    }

    private func perform(_ command: StripeCommand) -> SimulatedAnswer {
        let time = now
        do throws(StripeError) {
            let (value, events) = try ledger.withLock { (ledger) throws(StripeError) in
                try command.execute(&ledger, now: time)
            }
            send(events)
            return .json(200, value)
        } catch {
            return error.answer
        }
    }

    /// Applies a change an operator or a shopper makes, and sends its events.
    func change<Value>(
        _ body: (inout StripeLedger, Int) throws(StripeError) -> (Value, [StripeEvent])
    ) throws(StripeError) -> sending Value where Value: Sendable {
        let time = now
        let (value, events) = try ledger.withLock { (ledger) throws(StripeError) in try body(&ledger, time) }
        send(events)
        return value
    }

    private func send(_ events: [StripeEvent]) {
        guard let webhookURL else { return }
        let time = now
        for event in events {
            let webhook = ledger.withLock { ledger in
                let webhook = event.webhook(
                    url: webhookURL, secret: webhookSecret,
                    reference: ledger.book.reference(paymentID: event.sessionID), created: time)
                ledger.remember(webhook, of: event.sessionID)
                return webhook
            }
            environment.send(webhook)
        }
    }

    func page(_ request: SimulatedRequest) -> SimulatedAnswer {
        StripePages(provider: self, pagesPath: environment.pagesPath).answer(request)
    }

    func control(_ request: SimulatedRequest) -> SimulatedAnswer? {
        guard request.method == "POST", request.path.count == 3, request.path[0] == "__subscriptions",
            request.path[2] == "renew"
        else { return nil }
        let id = request.path[1]
        let fails = request.query["fail"] == "1" || request.query["fail"] == "true"
        do throws(StripeError) {
            let subscription = try change { (ledger, now) throws(StripeError) in
                try ledger.renew(id, fails: fails, now: now)
            }
            return .json(200, subscription.json)
        } catch {
            return error.answer
        }
    }

    func accounts(reference: String?, after: Int, limit: Int) -> JSONValue {
        ledger.withLock { $0.book.report(reference: reference, after: after, limit: limit) }
    }

    func lastWebhook(paymentID: String) -> OutgoingWebhook? {
        ledger.withLock { $0.lastWebhook(paymentID) }
    }
}
