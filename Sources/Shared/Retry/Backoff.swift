/// Delays between attempts: exponential, capped, with jitter taken off at random.
///
/// `delay(n) = min(first × 2^(n-1), cap) × (1 − jitter × random)`; with first 0.5 s, cap 5 s, jitter 0.25:
///
/// | after attempt | without jitter | at most taken off |
/// | --- | --- | --- |
/// | 1 | 0.5 s | 0.125 s |
/// | 2 | 1 s | 0.25 s |
/// | 3 | 2 s | 0.5 s |
/// | 4 | 4 s | 1 s |
/// | 5 and later | 5 s | 1.25 s |
public struct Backoff: Sendable, Hashable {
    /// Delay after the first attempt.
    public var first: Duration
    /// Longest delay.
    public var cap: Duration
    /// Share of the delay that chance may take off, 0 to 1.
    public var jitter: Double

    /// Makes a schedule.
    public init(first: Duration, cap: Duration, jitter: Double = 0.25) {
        self.first = first
        self.cap = cap
        self.jitter = min(max(jitter, 0), 1)
    }

    /// The delay after the given attempt, counted from 1.
    public func delay(afterAttempt attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let doublings = min(max(attempt - 1, 0), 40)
        let exponential = first * (1 << doublings)
        let capped = min(exponential, cap)
        return capped * (1 - jitter * Double.random(in: 0..<1, using: &generator))
    }

    /// The delay with the system's randomness.
    public func delay(afterAttempt attempt: Int) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return delay(afterAttempt: attempt, using: &generator)
    }
}
