import Foundation
import Shared

/// Calls of the demonstration provider's API.
struct GenericClient: Sendable {
    let http: ProviderHTTP
    let baseURL: String
    let apiKey: Secret<String>
    let recovery: GenericRecovery

    func create(
        _ body: GenericWire.PaymentRequest, _ call: ProviderCall
    ) async throws(EffectFailure) -> GenericWire.Payment {
        try await post("/v1/payments", body, as: GenericWire.Payment.self, call)
    }

    func capture(
        _ paymentID: String, _ body: GenericWire.CaptureRequest, _ call: ProviderCall
    ) async throws(EffectFailure) -> GenericWire.Payment {
        let path = "/v1/payments/\(PercentEncoding.encode(paymentID))/captures"
        return try await post(path, body, as: GenericWire.Payment.self, call)
    }

    func expire(_ paymentID: String, _ call: ProviderCall) async throws(EffectFailure) -> GenericWire.Payment {
        let path = "/v1/payments/\(PercentEncoding.encode(paymentID))/expire"
        return try await post(path, GenericWire.Nothing(), as: GenericWire.Payment.self, call)
    }

    func void(
        _ paymentID: String, _ body: GenericWire.VoidRequest, _ call: ProviderCall
    ) async throws(EffectFailure) -> GenericWire.Payment {
        let path = "/v1/payments/\(PercentEncoding.encode(paymentID))/void"
        return try await post(path, body, as: GenericWire.Payment.self, call)
    }

    func openSession(
        _ body: GenericWire.SessionRequest, _ call: ProviderCall
    ) async throws(EffectFailure) -> GenericWire.OpenedSession {
        try await post("/v1/sessions", body, as: GenericWire.OpenedSession.self, call)
    }

    func session(_ token: String, _ call: ProviderCall) async throws(ProviderFailure) -> GenericWire.Session {
        try await get("/v1/sessions/" + PercentEncoding.encode(token), as: GenericWire.Session.self, call)
    }

    func refund(
        _ paymentID: String, _ body: GenericWire.RefundRequest, _ call: ProviderCall
    ) async throws(EffectFailure) -> GenericWire.Refund {
        let path = "/v1/payments/\(PercentEncoding.encode(paymentID))/refunds"
        return try await post(path, body, as: GenericWire.Refund.self, call)
    }

    func payment(_ paymentID: String, _ call: ProviderCall) async throws(ProviderFailure) -> GenericWire.Payment {
        try await get("/v1/payments/" + PercentEncoding.encode(paymentID), as: GenericWire.Payment.self, call)
    }

    func payments(
        reference: String, _ call: ProviderCall
    ) async throws(ProviderFailure) -> [GenericWire.Payment] {
        let path = "/v1/payments?reference=" + PercentEncoding.encode(reference)
        return try await get(path, as: GenericWire.PaymentList.self, call).data
    }

    func refunds(
        of paymentID: String, _ call: ProviderCall
    ) async throws(ProviderFailure) -> [GenericWire.Refund] {
        let path = "/v1/payments/\(PercentEncoding.encode(paymentID))/refunds"
        return try await get(path, as: GenericWire.RefundList.self, call).data
    }

    private func get<Body: Decodable>(
        _ path: String, as type: Body.Type, _ call: ProviderCall
    ) async throws(ProviderFailure) -> Body {
        let request = OutgoingRequest(
            method: "GET", url: baseURL + path, headers: headers(call), timeout: call.timeout)
        let response = try await http.send(request, .read)
        guard response.statusCode == 200 else { throw GenericErrors.failure(response, .read).failure }
        return try ProviderHTTP.decode(type, from: response, .read)
    }

    private func post<Body: Decodable>(
        _ path: String, _ body: some Encodable, as type: Body.Type, _ call: ProviderCall
    ) async throws(EffectFailure) -> Body {
        do {
            guard let bytes = try? JSONCoding.encode(body) else { throw ProviderFailure.incompleteCall }
            var headers = headers(call)
            headers.append(.init("Content-Type", "application/json"))
            headers.append(.init(IdempotencyHeaderName.key, recovery.key(of: call)))
            let request = OutgoingRequest(
                method: "POST", url: baseURL + path, headers: headers, body: bytes, timeout: call.timeout)
            let response = try await http.send(request, .effect)
            guard response.statusCode == 201 else { throw GenericErrors.failure(response, .effect) }
            return try ProviderHTTP.decode(type, from: response, .effect)
        } catch let failure as ProviderFailure {
            throw .failed(failure)
        } catch let failure as EffectFailure {
            throw failure
        } catch {
            throw .failed(ProviderFailure.incompleteCall)
        }
    }

    private func headers(_ call: ProviderCall) -> [OutgoingRequest.Header] {
        var headers = [OutgoingRequest.Header("Authorization", "Bearer " + apiKey.exposed)]
        headers += call.trace?.headers ?? []
        return headers
    }
}

/// How calls to the demonstration provider whose answer was lost are cleared up, as the setting `RECOVERY` says.
enum GenericRecovery: String, CaseIterable, Sendable {
    /// By repeating them under their key.
    case key
    /// By asking, as of a provider that knows no keys.
    case lookUp = "look-up"

    /// The provider keeps keys for a day; a margin is left for clocks that differ.
    static let keyLife: Duration = .seconds(23 * 3600)
    /// Longest time until a payment that was created is in the list of its reference.
    static let visibilityLag: Duration = .seconds(2)

    /// As the worker reads it.
    var effectRecovery: EffectRecovery {
        switch self {
        case .key: .repeatUnderKey(life: Self.keyLife)
        case .lookUp: .lookUp(visibilityLag: Self.visibilityLag)
        }
    }

    /// The key that a request of a call carries: one that no other has, where the provider is not to tell repeats.
    func key(of call: ProviderCall) -> String {
        switch self {
        case .key: call.idempotencyKey
        case .lookUp: UUID().uuidString
        }
    }
}
