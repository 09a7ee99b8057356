/// Where a key lives.
///
/// The same function as Kafka's Java client (murmur2), so that other tools find records where we put them; computed
/// here and not by librdkafka so that it cannot depend on what the client knows about the topic.
public enum Partitioner {
    /// The partition of a key among `count`; zero when there is no partition at all.
    public static func partition(forKey key: [UInt8], count: Int32) -> Int32 {
        guard count > 0 else { return 0 }
        return Int32(bitPattern: UInt32(bitPattern: murmur2(key)) & 0x7fff_ffff) % count
    }

    /// The 32-bit hash of the Java client (`org.apache.kafka.common.utils.Utils.murmur2`).
    static func murmur2(_ bytes: [UInt8]) -> Int32 {
        let multiplier: UInt32 = 0x5bd1_e995
        let seed: UInt32 = 0x9747_b28c
        var hash = seed ^ UInt32(truncatingIfNeeded: bytes.count)
        var index = 0
        while bytes.count - index >= 4 {
            var word = UInt32(bytes[index])
            word |= UInt32(bytes[index + 1]) << 8
            word |= UInt32(bytes[index + 2]) << 16
            word |= UInt32(bytes[index + 3]) << 24
            word = word &* multiplier
            word ^= word >> 24
            word = word &* multiplier
            hash = (hash &* multiplier) ^ word
            index += 4
        }
        let left = bytes.count - index
        if left > 2 { hash ^= UInt32(bytes[index + 2]) << 16 }
        if left > 1 { hash ^= UInt32(bytes[index + 1]) << 8 }
        if left > 0 {
            hash ^= UInt32(bytes[index])
            hash = hash &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        hash ^= hash >> 15
        return Int32(bitPattern: hash)
    }
}
