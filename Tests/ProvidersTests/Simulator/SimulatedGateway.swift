import Shared
import Synchronization
import Testing

@testable import Ingress
@testable import Providers

/// A provider in front of its simulator, called with bodies as the ingress reads them.
struct SimulatedGateway<Provider: PaymentProvider> {
    let wire: SimulatedWire
    let line: SimulatedTransport
    let provider: Provider

    init(_ wire: SimulatedWire, settings more: [String: String] = [:]) throws {
        self.wire = wire
        line = SimulatedTransport(wire: wire)
        let environment = [
            "STRIPE_BASE_URL": SimulatedWire.baseURL, "STRIPE_PRIVATE_KEY": "sk_test_sandbox",
            "STRIPE_WEBHOOK_SECRET": "whsec_sandbox", "GENERIC_PROVIDER_BASE_URL": SimulatedWire.baseURL,
            "GENERIC_PROVIDER_API_KEY": "generic-sandbox-key",
            "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-sandbox-secret",
        ]
        var reader = SettingsReader(environment: environment.merging(more) { $1 })
        let settings = ProviderSettings(
            description: Provider.description, reader: &reader, publicURL: "https://gw.example.com")
        try reader.finish()
        provider = Provider(
            settings: settings, transport: line, clock: WallClock { Int64(SimulatedWire.nowSeconds) * 1000 })
    }

    /// The call of a request, or the ``ErrorResponse`` that names all that is wrong with it.
    static func call(
        _ operation: Shared.Operation, method: String = "credit-cards", _ body: String
    ) throws -> ProviderCall {
        let description = try #require(Provider.description.operation(operation))
        let factory = CommandFactory(description: Provider.description, operation: description)
        let id = CommandID.make(atUnixMilliseconds: 0)
        let command = try factory.command(
            body: Array(body.utf8), id: id, from: RequestIdentity(caller: "test"),
            method: Provider.description.method(named: method),
            now: Int64(SimulatedWire.nowSeconds) * 1000)
        return ProviderCall(command, idempotencyKey: "key-" + id.value, timeout: .seconds(5))
    }

    /// What is wrong with a body, as `field: issue`.
    static func issues(_ operation: Shared.Operation, _ body: String) throws -> [String] {
        do {
            _ = try call(operation, body)
            return []
        } catch let error as ErrorResponse {
            return (error.details ?? []).map { "\($0.field): \($0.issue)" }
        }
    }

    /// The reply to a payment operation.
    func reply(
        _ operation: Shared.Operation, method: String = "credit-cards", _ body: String
    ) async throws -> PaymentReply {
        try #require(try await provider.execute(Self.call(operation, method: method, body)).reply)
    }

    /// The reply to a session operation.
    func object(_ operation: Shared.Operation, _ body: String) async throws -> [String: JSONValue] {
        guard case .object(let members) = try await provider.execute(Self.call(operation, body)) else {
            Issue.record("no session reply")
            return [:]
        }
        return members
    }

    /// Why an operation has no reply.
    func failure(_ operation: Shared.Operation, _ body: String) async throws -> ProviderFailure.Code? {
        do {
            _ = try await provider.execute(Self.call(operation, body))
            return nil
        } catch let failure as ProviderFailure {
            return failure.code
        }
    }

    /// What the callbacks since the last time report; ignored ones are left out.
    func observations() async throws -> [PaymentObservation] {
        var observations: [PaymentObservation] = []
        for delivery in wire.deliveries() {
            let callback = RawCallback(
                method: delivery.method, headers: delivery.headers,
                query: delivery.query.map { .init(name: $0.name, value: $0.value) }, body: delivery.body)
            guard case .payment(let reference) = try provider.authenticate(callback) else { continue }
            let command = Command(
                id: CommandID.make(atUnixMilliseconds: 0), provider: Provider.description.name, operation: .callback,
                reference: reference, acceptedAtMilliseconds: 0, payload: CommandPayload(callback: callback))
            let call = ProviderCall(command, idempotencyKey: "none", timeout: .seconds(5))
            observations.append(try await provider.observe(callback, call: call))
        }
        return observations
    }

    /// The state of a payment, as `status` reads it.
    func status(shop: String? = nil, paymentID: String? = nil) async throws -> PaymentStatus {
        let call = TestCall.make(.status, shop: shop, paymentID: paymentID)
        return try await provider.observe(call).status
    }
}

/// Hands requests to a simulator in this process, remembers them, and loses what it is told to lose.
final class SimulatedTransport: HTTPTransport {
    /// Where the next request that changes something is lost.
    enum Loss: Sendable, CaseIterable {
        /// On its way: it has no effect.
        case request
        /// On the way back: it had its effect.
        case answer
    }

    private struct State {
        var loss: Loss?
        var requests: [OutgoingRequest] = []
    }

    private let wire: SimulatedWire
    private let state = Mutex(State())

    init(wire: SimulatedWire) {
        self.wire = wire
    }

    /// Loses the next request that changes something, or its answer.
    func lose(_ loss: Loss) { state.withLock { $0.loss = loss } }

    /// The requests since the last time.
    func take() -> [OutgoingRequest] {
        state.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
    }

    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        let loss = state.withLock { state -> Loss? in
            state.requests.append(request)
            guard request.method != "GET" else { return nil }
            defer { state.loss = nil }
            return state.loss
        }
        let lost = OutgoingFailure(code: .timeout, mayHaveBeenSent: true)
        if loss == .request { throw lost }
        do {
            let (status, headers, body) = try await wire.send(
                method: request.method, url: request.url, headers: request.headers.map { ($0.name, $0.value) },
                body: request.body ?? [])
            if loss == .answer { throw lost }
            return OutgoingResponse(statusCode: status, headers: headers, body: body)
        } catch let failure as OutgoingFailure {
            throw failure
        } catch {
            throw OutgoingFailure(code: .other, mayHaveBeenSent: true)
        }
    }
}
