import Shared
import Synchronization

/// The idempotency keys of the requests that wait in this process, so that a repeat is told from a first request.
final class KeysInFlight: Sendable {
    /// What a request with a key is.
    enum Place: Sendable, Hashable {
        /// The first one that waits here, as far as is known.
        case first
        /// A repeat of one that waits.
        case `repeat`
        /// Not in the table, which is full: as good as the first.
        case untracked
    }

    private let counts = Mutex<[String: Int]>([:])
    private let keysMax: Int

    init(keysMax: Int) {
        self.keysMax = keysMax
    }

    /// Keys in the table.
    var count: Int { counts.withLock { $0.count } }

    /// Takes a place for a request, by the hash of its key; it is given back by ``leave(_:from:)``.
    func enter(_ keyHash: String) -> Place {
        counts.withLock { counts in
            if let waiting = counts[keyHash] {
                counts[keyHash] = waiting + 1
                return .repeat
            }
            guard counts.count < keysMax else { return .untracked }
            counts[keyHash] = 1
            return .first
        }
    }

    /// Gives a place back.
    func leave(_ keyHash: String, from place: Place) {
        guard place != .untracked else { return }
        counts.withLock { counts in
            let waiting = (counts[keyHash] ?? 1) - 1
            counts[keyHash] = waiting > 0 ? waiting : nil
        }
    }
}
