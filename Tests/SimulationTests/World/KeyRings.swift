import Shared

/// The encryption keys of an installation before and after one is replaced: all processes can read with both.
struct KeyRings: Sendable {
    private static let first = key("first", 1)
    private static let second = key("second", 2)
    private static let before = ring([first, second])
    private static let after = ring([second, first])

    private static func key(_ id: String, _ byte: UInt8) -> SealingKeyRing.Key? {
        SealingKeyRing.Key(id: id, bytes: Array(repeating: byte, count: 32))
    }

    private static func ring(_ keys: [SealingKeyRing.Key?]) -> SealingKeyRing {
        SealingKeyRing(keys: keys.compactMap(\.self)) ?? .random()
    }

    /// A codec that seals with the old key or the new one.
    func codec(isRotated: Bool) -> MessageCodec {
        MessageCodec(
            topics: TopicNames(prefix: ""), source: "/simulation", keys: isRotated ? Self.after : Self.before)
    }
}
