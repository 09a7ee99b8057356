import Dispatch
import Synchronization

/// Something that happens once and that tasks and threads wait for.
final class Completion: Sendable {
    private struct State {
        var isComplete = false
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Whether it has happened.
    var isComplete: Bool { state.withLock { $0.isComplete } }

    /// Wakes everybody who waits; later calls do nothing.
    func complete() {
        let waiters = state.withLock { state in
            state.isComplete = true
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter() }
    }

    /// Suspends until it has happened.
    ///
    /// Cancellation does not end it.
    func wait() async {
        await withCheckedContinuation { continuation in
            add { continuation.resume() }
        }
    }

    /// Blocks the calling thread, which must not be of the cooperative pool; false when the time ran out.
    func waitOnThread(within limit: Duration) -> Bool {
        let semaphore = DispatchSemaphore(value: 0)
        let waiter = add { semaphore.signal() }
        let result = semaphore.wait(timeout: .now() + .milliseconds(Int(limit.clampedMilliseconds)))
        if let waiter { state.withLock { _ = $0.waiters.removeValue(forKey: waiter) } }
        return result == .success
    }

    @discardableResult
    private func add(_ waiter: @escaping @Sendable () -> Void) -> UInt64? {
        let identifier = state.withLock { state -> UInt64? in
            guard !state.isComplete else { return nil }
            state.nextWaiter &+= 1
            state.waiters[state.nextWaiter] = waiter
            return state.nextWaiter
        }
        if identifier == nil { waiter() }
        return identifier
    }
}
