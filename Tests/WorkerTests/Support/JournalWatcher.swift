import Shared
import Synchronization

@testable import Worker

/// Who is told what a journal does, in the place of a consumer.
final class JournalWatcher: JournalOwner {
    /// Something that the journal said.
    enum Event: Sendable, Hashable {
        case opened(Int32)
        case held(Int32)
        case due(JournalKey, Lane, Int32)
    }

    private let heard = Mutex<[Event]>([])

    var events: [Event] { heard.withLock { $0 } }

    func has(_ event: Event) -> Bool { events.contains(event) }
    func count(_ event: Event) -> Int { events.count { $0 == event } }

    func opened(_ partition: Int32) { hear(.opened(partition)) }
    func held(_ partition: Int32) { hear(.held(partition)) }
    func isDue(_ key: JournalKey, lane: Lane, partition: Int32) { hear(.due(key, lane, partition)) }

    private func hear(_ event: Event) { heard.withLock { $0.append(event) } }
}
