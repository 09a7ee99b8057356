/// Temporary.
final class StripeProvider: SimulatedProvider {
    static let name = "stripe"
    var name: String { Self.name }
    init(_ environment: ProviderEnvironment) {}
    func operation(of request: SimulatedRequest) -> String { "other" }
    func reference(of request: SimulatedRequest) -> String? { nil }
    func answer(_ request: SimulatedRequest, after pause: Duration) async throws -> SimulatedAnswer { .json(404, [:]) }
    func page(_ request: SimulatedRequest) -> SimulatedAnswer { .json(404, [:]) }
    func accounts(reference: String?, after: Int, limit: Int) -> JSONValue { [:] }
    func lastWebhook(paymentID: String) -> OutgoingWebhook? { nil }
}
