/// Monotonic time and waiting, injected so that a simulation can own both.
public struct Timing: Sendable {
    private let read: @Sendable () -> Duration
    private let wait: @Sendable (Duration) async -> Bool

    /// Takes a clock that counts from any fixed origin and never goes back, and a way to wait.
    /// - Parameter wait: `false` when the wait ended early because the process stops.
    public init(now: @escaping @Sendable () -> Duration, wait: @escaping @Sendable (Duration) async -> Bool) {
        self.read = now
        self.wait = wait
    }

    /// The machine's monotonic clock; waits end early at a graceful shutdown.
    public static let system: Timing = {
        let origin = ContinuousClock.now
        return Timing(now: { ContinuousClock.now - origin }, wait: { await Pause.wait(for: $0) })
    }()

    /// Time since the clock's origin; comparable within one process only.
    public var now: Duration { read() }

    /// Waits this long.
    /// - Returns: `false` when the process is stopping or the task was cancelled before the time was over.
    public func pause(for time: Duration) async -> Bool { await wait(time) }
}
