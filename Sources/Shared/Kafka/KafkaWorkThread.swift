import Dispatch
import Synchronization

/// One thread for calls that block, one after the other; it ends while there is nothing to do.
final class KafkaWorkThread: Sendable {
    /// How long the thread waits for the next work before it ends.
    static let idleLimit: Duration = .seconds(5)

    private struct State {
        var works: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let name: String
    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)

    /// Names the thread, which is started by the first work.
    init(_ name: String) { self.name = name }

    /// Does the work behind what was given before.
    func perform(_ work: @escaping @Sendable () -> Void) {
        let isFirst = state.withLock { state in
            state.works.append(work)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { KafkaThread.start(name) { [self] in serve() } } else { arrived.signal() }
    }

    private func serve() {
        let pause = DispatchTimeInterval.milliseconds(Int(Self.idleLimit.clampedMilliseconds))
        repeat {
            while let work = state.withLock({ $0.works.isEmpty ? nil : $0.works.removeFirst() }) { work() }
        } while arrived.wait(timeout: .now() + pause) == .success || !hasEnded()
    }

    /// False when something came at the last moment.
    private func hasEnded() -> Bool {
        state.withLock { state in
            guard state.works.isEmpty else { return false }
            state.isRunning = false
            return true
        }
    }
}
