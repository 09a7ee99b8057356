/// One provider as its clients see it; everything that is not specific to a provider is done by ``ProviderHost``.
///
/// All calls may come from any thread; implementations keep their state behind a `Mutex`.
protocol SimulatedProvider: Sendable {
    /// The path component under which the provider is found.
    var name: String { get }

    /// What the request asks for, in the common words that faults use: `create`, `get`, `list`, `refund`,
    /// `listRefunds`, `expire`, `capture`, `void`, `update`, `cancel`, …; `other` when none fits.
    func operation(of request: SimulatedRequest) -> String

    /// The merchant's reference of the payment the request is about; nil when it has none.
    func reference(of request: SimulatedRequest) -> String?

    /// Answers a request to the provider's API. `pause` is the time the operation takes: it passes after the request
    /// was accepted (its idempotency key taken) and before it has any effect. Throws only on cancellation.
    func answer(_ request: SimulatedRequest, after pause: Duration) async throws -> SimulatedAnswer

    /// Answers a request for a hosted page; the path begins after `__pages`.
    func page(_ request: SimulatedRequest) -> SimulatedAnswer

    /// Answers a request for an operator endpoint that only this provider has (its path begins with two underscores);
    /// nil when there is none of that name.
    func control(_ request: SimulatedRequest) -> SimulatedAnswer?

    /// Who was charged what; see ``AccountBook/report(reference:after:limit:)``.
    func accounts(reference: String?, after: Int, limit: Int) -> JSONValue

    /// The last webhook of a payment; nil when there was none.
    func lastWebhook(paymentID: String) -> OutgoingWebhook?
}

extension SimulatedProvider {
    func control(_ request: SimulatedRequest) -> SimulatedAnswer? { nil }
}
