import Shared
import Synchronization

/// Which keys may be in an index: most commands are about something new, for which nothing has to be looked up.
///
/// A Bloom filter that grows by layers, each for twice as many keys as the one before: 16 bits for each key and four of
/// them set, so that of a thousand keys that were never added each full layer takes two or three for known ones. Keys
/// that are removed stay known. Nothing is known to be missing before ``complete()``.
final class KeyFilter: Sendable {
    /// Keys that the first layer is made for.
    static let firstCapacity = 1 << 18
    private static let bitsPerKey = 16
    private static let probes: UInt64 = 4

    private struct Layer {
        var words: [UInt64]
        var room: Int

        init(capacity: Int) {
            words = Array(repeating: 0, count: capacity * KeyFilter.bitsPerKey / 64)
            room = capacity
        }

        /// Adds a hash that is not here.
        mutating func add(_ hash: UInt64) {
            for probe in 0..<KeyFilter.probes {
                let (word, bit) = place(hash, probe)
                words[word] |= bit
            }
            room -= 1
        }

        func contains(_ hash: UInt64) -> Bool {
            (0..<KeyFilter.probes).allSatisfy { probe in
                let (word, bit) = place(hash, probe)
                return words[word] & bit != 0
            }
        }

        private func place(_ hash: UInt64, _ probe: UInt64) -> (word: Int, bit: UInt64) {
            // Two halves of one hash make as many as are wanted (Kirsch and Mitzenmacher, 2006).
            let mixed = (hash & 0xFFFF_FFFF) &+ probe &* (hash >> 32 | 1)
            let bit = mixed % UInt64(words.count * 64)
            return (Int(bit / 64), 1 << (bit % 64))
        }
    }

    private struct State {
        var layers = [Layer(capacity: firstCapacity)]
        var isComplete = false
    }

    private let state = Mutex(State())

    /// Adds a key.
    func add(_ key: JournalKey, reading: Int64) {
        let hash = Self.hash(key, reading)
        state.withLock { state in
            if state.layers.contains(where: { $0.contains(hash) }) { return }
            let last = state.layers.count - 1
            state.layers[last].add(hash)
            if state.layers[last].room == 0 { state.layers.append(Layer(capacity: Self.firstCapacity << (last + 1))) }
        }
    }

    /// From now on every key is here that is in the index.
    func complete() { state.withLock { $0.isComplete = true } }

    /// Whether a key may be in the index; `false` is certain.
    func mayContain(_ key: JournalKey, reading: Int64) -> Bool {
        let hash = Self.hash(key, reading)
        return state.withLock { state in !state.isComplete || state.layers.contains { $0.contains(hash) } }
    }

    private static func hash(_ key: JournalKey, _ reading: Int64) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(reading)
        hasher.combine(key.text)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
