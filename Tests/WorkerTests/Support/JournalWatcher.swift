import Shared
import Synchronization

@testable import Worker

/// Who is told what a journal does, in the place of a consumer and of the journal's reader.
final class JournalWatcher: JournalOwner, JournalSource {
    /// Something that the journal said.
    enum Event: Sendable, Hashable {
        case opened(Int32)
        case held(Int32)
        case due(JournalKey, Lane, Int32)
        case restart(Int32)
        case assignment(Set<Int32>)
    }

    private let heard = Mutex<[Event]>([])
    private let end = Mutex<Int64?>(nil)

    var events: [Event] { heard.withLock { $0 } }

    func has(_ event: Event) -> Bool { events.contains(event) }
    func count(_ event: Event) -> Int { events.count { $0 == event } }

    /// Says from now on that every partition ends there.
    func say(end offset: Int64?) { end.withLock { $0 = offset } }

    func opened(_ partition: Int32) { hear(.opened(partition)) }
    func held(_ partition: Int32) { hear(.held(partition)) }
    func isDue(_ key: JournalKey, lane: Lane, partition: Int32) { hear(.due(key, lane, partition)) }
    func endOffset(of partition: Int32) async -> Int64? { end.withLock { $0 } }
    func restart(_ partition: Int32) { hear(.restart(partition)) }
    func assignmentChanged(_ partitions: Set<Int32>) { hear(.assignment(partitions)) }

    private func hear(_ event: Event) { heard.withLock { $0.append(event) } }
}
