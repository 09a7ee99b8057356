import Shared

/// Calls of Stripe's API: form bodies, bearer key, pinned version, an idempotency key on every POST.
struct StripeClient: Sendable {
    let http: ProviderHTTP
    let baseURL: String
    let privateKey: Secret<String>
    let apiVersion: String

    /// Most pages of refunds that are read; more than 1,000 refunds of one payment are refused as unreadable.
    static let refundPagesMax = 10

    func createSession(_ form: FormBody, _ call: ProviderCall) async throws(EffectFailure) -> StripeWire.Session {
        try await change("/v1/checkout/sessions", form, as: StripeWire.Session.self, call)
    }

    func expireSession(_ id: String, _ call: ProviderCall) async throws(EffectFailure) -> StripeWire.Session {
        let path = "/v1/checkout/sessions/\(PercentEncoding.encode(id))/expire"
        return try await change(path, FormBody(), as: StripeWire.Session.self, call)
    }

    func session(_ id: String, _ call: ProviderCall) async throws(ProviderFailure) -> StripeWire.Session {
        let path = "/v1/checkout/sessions/\(PercentEncoding.encode(id))?expand[]=payment_intent"
        return try await read(path, as: StripeWire.Session.self, call)
    }

    func createRefund(_ form: FormBody, _ call: ProviderCall) async throws(EffectFailure) -> StripeWire.Refund {
        try await change("/v1/refunds", form, as: StripeWire.Refund.self, call)
    }

    /// All refunds of a payment, newest first.
    func refunds(
        of target: StripeRefundTarget, _ call: ProviderCall
    ) async throws(ProviderFailure) -> [StripeWire.Refund] {
        var all: [StripeWire.Refund] = []
        for _ in 0..<Self.refundPagesMax {
            let page = try await refundPage(of: target, after: all.last, call)
            all += page.data
            if page.hasMore != true || page.data.isEmpty { return all }
        }
        throw ProviderFailure(
            .unusableAnswer, mayHaveHadEffect: false, isTransient: false, "the payment has too many refunds")
    }

    /// The refund of a payment that a call made.
    ///
    /// - Returns: `nil` when the whole list, to its last page, does not have it.
    /// - Throws: also when the list does not say where it ends.
    func refund(
        made call: ProviderCall, of target: StripeRefundTarget
    ) async throws(ProviderFailure) -> StripeWire.Refund? {
        var last: StripeWire.Refund?
        for _ in 0..<Self.refundPagesMax {
            let page = try await refundPage(of: target, after: last, call)
            if let own = page.data.first(where: { $0.isMade(by: call) }) { return own }
            if page.hasMore == false { return nil }
            guard page.hasMore == true, let end = page.data.last else { break }
            last = end
        }
        throw ProviderFailure.undecided
    }

    private func refundPage(
        of target: StripeRefundTarget, after last: StripeWire.Refund?, _ call: ProviderCall
    ) async throws(ProviderFailure) -> StripeWire.RefundList {
        var path = "/v1/refunds?\(target.parameter)=\(PercentEncoding.encode(target.id))&limit=100"
        if let last { path += "&starting_after=" + PercentEncoding.encode(last.id) }
        return try await read(path, as: StripeWire.RefundList.self, call)
    }

    func read<Body: Decodable>(
        _ path: String, as type: Body.Type, _ call: ProviderCall
    ) async throws(ProviderFailure) -> Body {
        let request = OutgoingRequest(
            method: "GET", url: baseURL + path, headers: headers(call), timeout: call.timeout)
        let response = try await http.send(request, .read)
        guard response.statusCode == 200 else { throw StripeErrors.failure(response, .read).failure }
        return try ProviderHTTP.decode(type, from: response, .read)
    }

    /// Sends a form, with the call's idempotency key, or deletes, which needs no key: it is done once by its nature.
    func change<Body: Decodable>(
        _ path: String, method: String = "POST", _ form: FormBody, as type: Body.Type, key: String? = nil,
        _ call: ProviderCall
    ) async throws(EffectFailure) -> Body {
        var headers = headers(call)
        if method == "POST" {
            headers.append(.init("Content-Type", "application/x-www-form-urlencoded"))
            headers.append(.init(IdempotencyHeaderName.key, key ?? call.idempotencyKey))
        }
        let request = OutgoingRequest(
            method: method, url: baseURL + path, headers: headers, body: method == "POST" ? form.bytes : nil,
            timeout: call.timeout)
        let response: OutgoingResponse
        do {
            response = try await http.send(request, .effect)
        } catch {
            throw .failed(error)
        }
        guard response.statusCode == 200 else { throw StripeErrors.failure(response, .effect) }
        do {
            return try ProviderHTTP.decode(type, from: response, .effect)
        } catch {
            throw .failed(error)
        }
    }

    private func headers(_ call: ProviderCall) -> [OutgoingRequest.Header] {
        var headers = [
            OutgoingRequest.Header("Authorization", "Bearer " + privateKey.exposed),
            OutgoingRequest.Header("Stripe-Version", apiVersion),
        ]
        headers += call.trace?.headers ?? []
        return headers
    }
}
