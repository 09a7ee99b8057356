import Foundation

/// What a simulated provider is given to work with.
struct ProviderEnvironment: Sendable {
    /// Public address of the provider's hosted pages, up to and including `__pages`.
    let pagesURL: String
    /// Path part of ``pagesURL``.
    let pagesPath: String
    /// Payments kept before the oldest closed ones are forgotten.
    let maximumPayments: Int
    /// Time until a payment that was made is in lists.
    var visibilityLag: Duration = .zero
    /// The provider's settings by name; nil when absent.
    let setting: @Sendable (String) -> String?
    /// Hands a webhook over for delivery; returns at once.
    let send: @Sendable (OutgoingWebhook) -> Void
    /// The time, replaceable in tests.
    let now: @Sendable () -> Date
}
