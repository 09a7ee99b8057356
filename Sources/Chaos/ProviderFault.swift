/// An order to the simulated provider to misbehave, as its `__faults` takes it.
struct ProviderFault: Encodable, Sendable {
    /// `create`, `refund`, … or `*`.
    var operation: String
    /// `cutBefore`, `cutAfter`, `hang`, `latency` or `status`.
    var kind: String
    /// Whether it happens when the money has moved already.
    var afterEffect: Bool
    var count: Int
    /// Only of `status`.
    var status: Int?
    /// Only of `hang` and `latency`.
    var milliseconds: Int?
    /// Only for payments with this reference.
    var reference: String?

    /// Hangs for longer than a worker waits for the provider.
    static let hangMilliseconds = 7_000

    init(operation: String, kind: String, afterEffect: Bool, count: Int) {
        (self.operation, self.kind, self.afterEffect, self.count) = (operation, kind, afterEffect, count)
        if kind == "status" { status = 500 }
        if kind == "hang" { milliseconds = Self.hangMilliseconds }
    }
}
