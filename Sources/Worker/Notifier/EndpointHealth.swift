/// Whether the merchant's endpoint is up: tells one payment that is refused from an endpoint that is gone.
///
/// *Up* → *down* after so many failures in a row over at least so many payments with no success between. *Down* → *up*
/// with the first success. While it is down, one delivery at a time probes, and no failure counts as an attempt.
struct EndpointHealth: Sendable {
    /// What a delivery may do.
    enum Permit: Sendable, Hashable {
        /// Send; a failure counts as an attempt.
        case send
        /// Send as the only probe; a failure counts for nothing.
        case probe
        /// Wait until something changes, at most this long.
        case wait(Duration)
    }

    /// When an endpoint is held to be down.
    struct Limits: Sendable, Hashable {
        var failuresMax: Int
        var paymentsMin: Int
        var probeInterval: Duration
    }

    private enum State {
        case up
        case down(nextProbe: Duration)
        case probing
    }

    private let limits: Limits
    private var state = State.up
    private var failures = 0
    private var payments: Set<String> = []

    init(limits: Limits) {
        self.limits = limits
    }

    /// Whether deliveries are sent.
    var isUp: Bool {
        if case .up = state { return true }
        return false
    }

    /// Asks whether a delivery may be sent at this time.
    mutating func permit(at now: Duration) -> Permit {
        switch state {
        case .up: return .send
        case .probing: return .wait(limits.probeInterval)
        case .down(let nextProbe):
            guard now >= nextProbe else { return .wait(nextProbe - now) }
            state = .probing
            return .probe
        }
    }

    /// The endpoint took a delivery.
    mutating func succeeded() {
        state = .up
        failures = 0
        payments = []
    }

    /// The endpoint did not take a delivery of this payment.
    ///
    /// Returns `true` when it has gone down just now.
    mutating func failed(payment: String, permit: Permit, at now: Duration) -> Bool {
        if permit == .probe {
            state = .down(nextProbe: now + limits.probeInterval)
            return false
        }
        guard isUp else { return false }
        failures += 1
        if payments.count < limits.paymentsMin { payments.insert(payment) }
        guard failures >= limits.failuresMax, payments.count >= limits.paymentsMin else { return false }
        state = .down(nextProbe: now + limits.probeInterval)
        return true
    }

    /// A probe ended without a verdict, its task was cancelled for instance.
    mutating func probeAbandoned(at now: Duration) {
        if case .probing = state { state = .down(nextProbe: now) }
    }
}
