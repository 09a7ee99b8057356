import Shared
import Synchronization

/// Time that passes only when a test lets it, or when work skips what it would wait for.
final class ManualTime: Sendable {
    private struct Sleeper {
        let id: UInt64
        let until: Duration
        let continuation: UnsafeContinuation<Bool, Never>
    }

    private struct State {
        var now: Duration = .zero
        var shift: Duration = .zero
        var sleepers: [Sleeper] = []
        var ids: UInt64 = 0
    }

    private let origin: Int64
    private let state = Mutex(State())

    /// Takes the time of day at the beginning, Unix milliseconds.
    init(originMilliseconds: Int64) {
        origin = originMilliseconds
    }

    /// Time since the beginning.
    var now: Duration { state.withLock { $0.now } }

    /// How many wait until time passes.
    var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// The time of day, which passes with the time and can be put forward or back besides.
    var clock: WallClock {
        WallClock {
            let (seconds, attoseconds) = self.state.withLock { $0.now + $0.shift }.components
            return self.origin + seconds * 1000 + attoseconds / 1_000_000_000_000_000
        }
    }

    /// Puts the time of day, and nothing else, forward or back.
    func shiftClock(by time: Duration) { state.withLock { $0.shift += time } }

    /// Lets time pass, and wakes whose time has come.
    func advance(by time: Duration) {
        let woken = state.withLock { state in
            state.now += max(.zero, time)
            let now = state.now
            let due = state.sleepers.filter { $0.until <= now }.sorted { $0.until < $1.until }
            state.sleepers.removeAll { $0.until <= now }
            return due
        }
        for sleeper in woken { sleeper.continuation.resume(returning: true) }
    }

    /// Lets time pass until somebody wakes.
    func advanceToNext() {
        guard let until = state.withLock({ $0.sleepers.map(\.until).min() }) else { return }
        advance(by: until - now)
    }

    /// For what is to wait until the test lets time pass.
    var waiting: Timing {
        Timing(now: { self.now }, pause: { await self.wait(for: $0) }, sleep: { await self.wait(for: $0) })
    }

    /// For work whose waits are over at once: they let the time pass themselves.
    var skipping: Timing {
        Timing(now: { self.now }, pause: { self.skip($0) }, sleep: { self.skip($0) })
    }

    /// For a journal: its regular duties wait for the test, its repeats of a write do not.
    var ofJournal: Timing {
        Timing(now: { self.now }, pause: { await self.wait(for: $0) }, sleep: { self.skip($0) })
    }

    private func skip(_ time: Duration) -> Bool {
        if Task.isCancelled { return false }
        advance(by: time)
        return true
    }

    private func wait(for time: Duration) async -> Bool {
        let id = state.withLock { state in
            state.ids += 1
            return state.ids
        }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let ended: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if time <= .zero { return true }
                    state.sleepers.append(Sleeper(id: id, until: state.now + time, continuation: continuation))
                    return nil
                }
                if let ended { continuation.resume(returning: ended) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let index = state.sleepers.firstIndex { $0.id == id }
                return index.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(returning: false)
        }
    }
}
