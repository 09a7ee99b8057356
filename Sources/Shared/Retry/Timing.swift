/// Monotonic time and waiting, injected so that a simulation can own both.
public struct Timing: Sendable {
    private let read: @Sendable () -> Duration
    private let waitUnlessStopping: @Sendable (Duration) async -> Bool
    private let waitUnlessCancelled: @Sendable (Duration) async -> Bool

    /// Takes a clock that counts from any fixed origin and never goes back, and two ways to wait.
    /// - Parameters:
    ///   - pause: ends early, with `false`, when the process is stopping or the task was cancelled.
    ///   - sleep: ends early, with `false`, only when the task was cancelled.
    public init(
        now: @escaping @Sendable () -> Duration, pause: @escaping @Sendable (Duration) async -> Bool,
        sleep: @escaping @Sendable (Duration) async -> Bool
    ) {
        self.read = now
        self.waitUnlessStopping = pause
        self.waitUnlessCancelled = sleep
    }

    /// The machine's monotonic clock.
    public static let system: Timing = {
        let origin = ContinuousClock.now
        return Timing(
            now: { ContinuousClock.now - origin }, pause: { await Pause.wait(for: $0) },
            sleep: { time in
                do {
                    try await Task.sleep(for: time)
                    return true
                } catch {
                    return false
                }
            })
    }()

    /// Time since the clock's origin; comparable within one process only.
    public var now: Duration { read() }

    /// Waits this long, for work that ends when the process stops.
    /// - Returns: `false` when the process is stopping or the task was cancelled before the time was over.
    public func pause(for time: Duration) async -> Bool { await waitUnlessStopping(time) }

    /// Waits this long, for work that a stopping process still has to finish.
    /// - Returns: `false` when the task was cancelled before the time was over.
    public func delay(for time: Duration) async -> Bool { await waitUnlessCancelled(time) }
}
