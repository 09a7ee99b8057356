import Shared

/// Where the state of each entry stands: from the hash of an entry to an offset, 16 bytes a place.
///
/// Open addressing in shards that grow by half, each on its own, so that no step takes long and some 24 bytes an entry
/// are enough. An entry below ``first`` has expired; it is dropped when its shard grows.
///
/// Sendable: used under its journal's lock alone, but for ``copy(ofShard:)``, which is too.
final class OffsetTable: @unchecked Sendable {
    /// A place: the hash, and what is left of it beside the offset; empty when both are zero.
    struct Place: Equatable {
        var high: UInt64 = 0
        /// The 16 low bits of the hash, then 48 bits: the offset plus one.
        var rest: UInt64 = 0

        init() {}

        init(_ hash: JournalEntryHash, _ offset: Int64) {
            high = hash.high
            rest = UInt64(hash.low) << 48 | (UInt64(clamping: offset) &+ 1) & Self.offsetMask
        }

        static let offsetMask: UInt64 = (1 << 48) - 1

        var isEmpty: Bool { rest & Self.offsetMask == 0 }
        var offset: Int64 { Int64(rest & Self.offsetMask) - 1 }

        func isOf(_ hash: JournalEntryHash) -> Bool { high == hash.high && rest >> 48 == UInt64(hash.low) && !isEmpty }
    }

    /// Highest offset that fits.
    static let offsetMax = Int64(Place.offsetMask) - 1
    /// Parts that grow on their own.
    static let shardCount = 16

    private struct Shard {
        var places: UnsafeMutableBufferPointer<Place>
        var count = 0

        init(capacity: Int) {
            places = .allocate(capacity: capacity)
            places.initialize(repeating: Place())
        }
    }

    private static let capacityMin = 8
    private var shards: [Shard]
    /// Offsets below it have expired.
    var first: Int64 = 0

    init() {
        shards = (0..<Self.shardCount).map { _ in Shard(capacity: Self.capacityMin) }
    }

    /// Makes a table of shards that were kept.
    ///
    /// - Parameters:
    ///   - sizes: places and entries of each shard.
    ///   - maximumBytes: more than this is refused, whatever the sizes say.
    ///   - fill: fills the memory of one shard after the other; `false` gives up.
    init?(
        sizes: [JournalSnapshot.Content.Shard], first: Int64, maximumBytes: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Bool
    ) {
        shards = []
        self.first = first
        let placesMax = maximumBytes / MemoryLayout<Place>.stride
        for size in sizes {
            guard size.places >= Self.capacityMin, size.places <= placesMax, (0..<size.places).contains(size.count)
            else { return nil }
            var shard = Shard(capacity: size.places)
            shard.count = size.count
            shards.append(shard)
            guard fill(UnsafeMutableRawBufferPointer(shard.places)) else { return nil }
            // A search ends at an empty place.
            guard shard.places.contains(where: \.isEmpty) else { return nil }
        }
        guard shards.count == Self.shardCount else { return nil }
    }

    deinit {
        for shard in shards { shard.places.deallocate() }
    }

    /// Entries in the table, expired ones that were not dropped yet included.
    var count: Int { shards.reduce(0) { $0 + $1.count } }
    /// Bytes of the table.
    var bytes: Int { shards.reduce(0) { $0 + $1.places.count * MemoryLayout<Place>.stride } }

    /// Where the state of an entry stands; `nil` when there is none, or when it has expired.
    func offset(of hash: JournalEntryHash) -> Int64? {
        let shard = shards[Self.shard(of: hash)]
        var index = Self.index(of: hash.high, shard.places.count)
        while !shard.places[index].isEmpty {
            if shard.places[index].isOf(hash) {
                let offset = shard.places[index].offset
                return offset >= first ? offset : nil
            }
            index = index + 1 == shard.places.count ? 0 : index + 1
        }
        return nil
    }

    /// Notes where the state of an entry stands from now on.
    func set(_ hash: JournalEntryHash, to offset: Int64) {
        guard (0...Self.offsetMax).contains(offset) else { return }
        let number = Self.shard(of: hash)
        // A table that is too full is searched too long.
        if (shards[number].count + 1) * 5 > shards[number].places.count * 4 { grow(number) }
        if Self.put(Place(hash, offset), shards[number].places) { shards[number].count += 1 }
    }

    /// A copy of one shard's bytes, for a snapshot.
    func copy(ofShard number: Int) -> (bytes: [UInt8], count: Int) {
        (Array(UnsafeRawBufferPointer(shards[number].places)), shards[number].count)
    }

    private func grow(_ number: Int) {
        let old = shards[number]
        var next = Shard(capacity: old.places.count + old.places.count / 2)
        for place in old.places where !place.isEmpty && place.offset >= first {
            _ = Self.put(place, next.places)
            next.count += 1
        }
        old.places.deallocate()
        shards[number] = next
    }

    /// - Returns: whether the entry is new.
    private static func put(_ place: Place, _ places: UnsafeMutableBufferPointer<Place>) -> Bool {
        var index = index(of: place.high, places.count)
        let low = place.rest >> 48
        while !places[index].isEmpty {
            if places[index].high == place.high, places[index].rest >> 48 == low {
                places[index] = place
                return false
            }
            index = index + 1 == places.count ? 0 : index + 1
        }
        places[index] = place
        return true
    }

    private static func shard(of hash: JournalEntryHash) -> Int { Int(hash.low) % shardCount }

    /// Spreads a hash over any number of places.
    private static func index(of high: UInt64, _ count: Int) -> Int {
        Int(high.multipliedFullWidth(by: UInt64(count)).high)
    }
}
