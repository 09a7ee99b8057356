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
        case waiting(CheckedContinuation<KafkaMessage?, Never>)
    }

    private let entries = Mutex<[CommandID: Entry]>([:])
    private let entriesMax: Int
    private let eventLoops: any EventLoopGroup

    init(entriesMax: Int, eventLoops: any EventLoopGroup) {
        self.entriesMax = entriesMax
        self.eventLoops = eventLoops
    }

    /// Requests in the table.
    var count: Int { entries.withLock { $0.count } }

    /// Makes an entry; `false` when the table is full.
    func reserve(_ id: CommandID) -> Bool {
        entries.withLock { entries in
            guard entries.count < entriesMax else { return false }
            entries[id] = .reserved
            return true
        }
    }

    /// Removes an entry that nobody will wait for.
    func release(_ id: CommandID) {
        take(id, with: nil)
    }

    /// Hands a reply to its request; `false` when nobody waits for it.
    func arrived(_ message: KafkaMessage, for id: CommandID) -> Bool {
        let (isKnown, continuation) = entries.withLock { entries in
            switch entries[id] {
            case .reserved:
                entries[id] = .arrived(message)
                return (true, CheckedContinuation<KafkaMessage?, Never>?.none)
            case .waiting(let continuation):
                entries[id] = nil
                return (true, continuation)
            case .arrived, nil: return (false, nil)
            }
        }
        continuation?.resume(returning: message)
        return isKnown
    }

    /// Waits for the reply of a reserved entry; `nil` at the deadline or when the waiting task is cancelled.
    func reply(to id: CommandID, within time: Duration) async -> KafkaMessage? {
        let timer = eventLoops.any().scheduleTask(in: TimeAmount(time)) { self.take(id, with: nil) }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early: KafkaMessage?? = entries.withLock { entries in
                    switch entries[id] {
                    case .reserved where !Task.isCancelled:
                        entries[id] = .waiting(continuation)
                        return nil
                    case .arrived(let message):
                        entries[id] = nil
                        return .some(message)
                    case .reserved, .waiting, nil:
                        entries[id] = nil
                        return .some(nil)
                    }
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            take(id, with: nil)
        }
    }

    private func take(_ id: CommandID, with message: KafkaMessage?) {
        let entry = entries.withLock { $0.removeValue(forKey: id) }
        if case .waiting(let continuation) = entry { continuation.resume(returning: message) }
    }
}
