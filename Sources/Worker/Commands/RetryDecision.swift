import Providers
import Shared

/// Whether a failed call to a provider is made again, and when.
enum RetryDecision: Sendable, Hashable {
    /// Again, after this long, with the same idempotency key.
    case again(after: Duration)
    /// Not again.
    case giveUp

    /// Least time that must be left for another attempt to make sense.
    static let usefulTimeMin: Duration = .milliseconds(250)

    /// Decides after a failed attempt.
    ///
    /// A repeat is safe when the call only reads, when the provider honours the key, or when the failure proves that
    /// nothing happened: the caller says so. A safe repeat is made while the failure is transient and the time left
    /// allows.
    static func after(
        _ failure: ProviderFailure, mayRepeat: Bool, attempt: Int, backoff: Backoff, timeLeft: Duration
    ) -> RetryDecision {
        guard failure.isTransient, mayRepeat else { return .giveUp }
        let delay = max(failure.retryAfter ?? .zero, backoff.delay(afterAttempt: attempt))
        guard delay + usefulTimeMin <= timeLeft else { return .giveUp }
        return .again(after: delay)
    }
}
