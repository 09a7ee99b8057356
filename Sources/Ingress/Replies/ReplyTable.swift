import NIOCore
import Shared
import Synchronization

/// The requests that wait for a worker's reply: a bounded table, each entry with a deadline.
///
/// An entry is *reserved* before its command is sent, so that no reply can be missed, then *waiting*, and leaves the
/// table exactly once: by its reply, its deadline, cancellation or release.
final class ReplyTable: Sendable {
    private enum Entry {
        case reserved
        case arrived(KafkaMessage)
        case waiting(CheckedContinuation<KafkaMessage?, Never>, deadline: NIODeadline)
    }

    private struct State {
        var entries: [CommandID: Entry] = [:]
        /// When the one timer fires that is set; `nil` while none is.
        var timerAt: NIODeadline?
    }

    private let state = Mutex(State())
    private let entriesMax: Int
    private let eventLoops: any EventLoopGroup

    init(entriesMax: Int, eventLoops: any EventLoopGroup) {
        self.entriesMax = entriesMax
        self.eventLoops = eventLoops
    }

    /// Requests in the table.
    var count: Int { state.withLock { $0.entries.count } }

    /// Makes an entry; `false` when the table is full.
    func reserve(_ id: CommandID) -> Bool {
        state.withLock { state in
            guard state.entries.count < entriesMax else { return false }
            state.entries[id] = .reserved
            return true
        }
    }

    /// Removes an entry that nobody will wait for.
    func release(_ id: CommandID) {
        take(id)
    }

    /// Hands a reply to its request; `false` when nobody waits for it.
    func arrived(_ message: KafkaMessage, for id: CommandID) -> Bool {
        let (isKnown, continuation) = state.withLock { state in
            switch state.entries[id] {
            case .reserved:
                state.entries[id] = .arrived(message)
                return (true, CheckedContinuation<KafkaMessage?, Never>?.none)
            case .waiting(let continuation, _):
                state.entries[id] = nil
                return (true, continuation)
            case .arrived, nil: return (false, nil)
            }
        }
        continuation?.resume(returning: message)
        return isKnown
    }

    /// Waits for the reply of a reserved entry; `nil` at the deadline or when the waiting task is cancelled.
    func reply(to id: CommandID, within time: Duration) async -> KafkaMessage? {
        let deadline = NIODeadline.now() + TimeAmount(time)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (early, isTimerWanted): (KafkaMessage??, Bool) = state.withLock { state in
                    switch state.entries[id] {
                    case .reserved where !Task.isCancelled:
                        state.entries[id] = .waiting(continuation, deadline: deadline)
                        return (nil, Self.wantTimer(at: deadline, &state))
                    case .arrived(let message):
                        state.entries[id] = nil
                        return (.some(message), false)
                    case .reserved, .waiting, nil:
                        state.entries[id] = nil
                        return (.some(nil), false)
                    }
                }
                if isTimerWanted { setTimer(deadline) }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            take(id)
        }
    }

    /// Most waits end by their reply, so there is no timer for each: one, at the earliest deadline when it was set.
    private static func wantTimer(at deadline: NIODeadline, _ state: inout State) -> Bool {
        if let timerAt = state.timerAt, timerAt <= deadline { return false }
        state.timerAt = deadline
        return true
    }

    private func setTimer(_ deadline: NIODeadline) {
        _ = eventLoops.any().scheduleTask(deadline: deadline) { self.expire(timer: deadline) }
    }

    /// Ends the waits whose time is over, and sets the timer to the next deadline.
    private func expire(timer: NIODeadline) {
        let now = NIODeadline.now()
        let (expired, next) = state.withLock { state in
            var expired: [CheckedContinuation<KafkaMessage?, Never>] = []
            var next: NIODeadline?
            for (id, entry) in state.entries {
                guard case .waiting(let continuation, let deadline) = entry else { continue }
                if deadline <= now {
                    state.entries[id] = nil
                    expired.append(continuation)
                } else {
                    next = min(next ?? deadline, deadline)
                }
            }
            // An earlier timer may have been set since; then that one goes on.
            if state.timerAt == timer { state.timerAt = nil }
            return (expired, next.flatMap { Self.wantTimer(at: $0, &state) ? $0 : nil })
        }
        if let next { setTimer(next) }
        for continuation in expired { continuation.resume(returning: nil) }
    }

    private func take(_ id: CommandID) {
        let entry = state.withLock { $0.entries.removeValue(forKey: id) }
        if case .waiting(let continuation, _) = entry { continuation.resume(returning: nil) }
    }
}
