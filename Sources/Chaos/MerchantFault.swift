/// An order to the simulated merchant's endpoint to fail, as its `__faults` takes it.
struct MerchantFault: Encodable, Sendable {
    /// `status`, `hang` or `cut`.
    var kind: String
    /// Whether the merchant keeps the notification that it fails to answer.
    var afterEffect: Bool
    /// So often that only its deletion ends it.
    var count = 1_000_000
    /// Only of `status`.
    var status = 500
    /// Only of `hang`: longer than the notifier waits.
    var milliseconds = 5_000

    /// How long the notifier waits in a run; also its setting.
    static let notifierTimeoutSeconds = 3

    static let kinds = ["status", "hang", "cut"]
}
