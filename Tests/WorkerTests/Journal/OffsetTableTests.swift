import Shared
import Testing

@testable import Worker

struct OffsetTableTests {
    private static func hash(_ number: Int) -> JournalEntryHash { .of("order-\(number)") }

    @Test(arguments: UInt64(1)...8)
    func aTableSaysWhatADictionarySays(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let table = OffsetTable()
        var known: [Int: Int64] = [:]
        let span = [30, 3000][Int(seed % 2)]
        for step in 0..<6000 {
            let number = Int.random(in: 0..<span, using: &generator)
            let offset = Int64.random(in: 0...OffsetTable.offsetMax, using: &generator)
            table.set(Self.hash(number), to: offset)
            known[number] = offset
            guard step % 500 == 0 else { continue }
            #expect(table.count == known.count)
            for number in 0..<span { #expect(table.offset(of: Self.hash(number)) == known[number]) }
        }
        #expect(table.count == known.count)
        for number in 0..<span { #expect(table.offset(of: Self.hash(number)) == known[number]) }
    }

    @Test func entriesThatAreAlikeInMostBitsAreNotTheSame() {
        let table = OffsetTable()
        let hashes = [
            JournalEntryHash(high: 0, low: 0), JournalEntryHash(high: 0, low: 16), JournalEntryHash(high: 1, low: 0),
            JournalEntryHash(high: .max, low: 0), JournalEntryHash(high: .max, low: .max),
        ]
        for (offset, hash) in hashes.enumerated() { table.set(hash, to: Int64(offset)) }
        for (offset, hash) in hashes.enumerated() { #expect(table.offset(of: hash) == Int64(offset)) }
        #expect(table.offset(of: JournalEntryHash(high: 1, low: 1)) == nil)
    }

    @Test func anEntryNeedsFewBytesHoweverManyThereAre() {
        let table = OffsetTable()
        var generator = SeededGenerator(seed: 1)
        let count = 200_000
        for offset in 0..<count {
            let hash = JournalEntryHash(
                high: .random(in: .min ... .max, using: &generator), low: .random(in: .min ... .max, using: &generator))
            table.set(hash, to: Int64(offset))
        }
        #expect(table.count == count)
        #expect(table.bytes <= count * 32)
    }

    @Test func whatIsNoOffsetIsNotKept() {
        let table = OffsetTable()
        for offset in [-1, OffsetTable.offsetMax + 1, .max, .min] { table.set(Self.hash(1), to: offset) }
        #expect(table.count == 0)
        table.set(Self.hash(1), to: OffsetTable.offsetMax)
        #expect(table.offset(of: Self.hash(1)) == OffsetTable.offsetMax)
    }

    @Test func whatHasExpiredIsNotFoundAndDroppedWhenTheTableGrows() {
        let table = OffsetTable()
        for number in 0..<1000 { table.set(Self.hash(number), to: Int64(number)) }
        table.first = 900
        #expect(table.offset(of: Self.hash(899)) == nil)
        #expect(table.offset(of: Self.hash(900)) == 900)
        for number in 1000..<20_000 { table.set(Self.hash(number), to: Int64(number)) }
        #expect(table.count == 19_100)
        for number in [0, 899, 900, 19_999] {
            #expect(table.offset(of: Self.hash(number)) == (number < 900 ? nil : Int64(number)))
        }
        // What had expired may come again.
        table.set(Self.hash(0), to: 30_000)
        #expect(table.offset(of: Self.hash(0)) == 30_000)
    }

    // MARK: - Kept tables

    /// Sizes and bytes of a table's shards.
    private static func kept(_ table: OffsetTable) -> (sizes: [JournalSnapshot.Content.Shard], bytes: [[UInt8]]) {
        let copies = (0..<OffsetTable.shardCount).map { table.copy(ofShard: $0) }
        let stride = MemoryLayout<OffsetTable.Place>.stride
        return (copies.map { .init(places: $0.bytes.count / stride, count: $0.count) }, copies.map(\.bytes))
    }

    private static func restored(
        _ sizes: [JournalSnapshot.Content.Shard], _ bytes: [[UInt8]], maximumBytes: Int = 1 << 30
    ) -> OffsetTable? {
        var left = bytes[...]
        return OffsetTable(sizes: sizes, first: 0, maximumBytes: maximumBytes) { buffer in
            guard let next = left.popFirst(), next.count == buffer.count else { return false }
            buffer.copyBytes(from: next)
            return true
        }
    }

    @Test func aKeptTableSaysTheSameAndGrowsOn() throws {
        let table = OffsetTable()
        for number in 0..<5000 { table.set(Self.hash(number), to: Int64(number * 3)) }
        let (sizes, bytes) = Self.kept(table)
        let other = try #require(Self.restored(sizes, bytes))
        #expect(other.count == 5000)
        for number in 5000..<9000 { other.set(Self.hash(number), to: Int64(number * 3)) }
        for number in 0..<9000 { #expect(other.offset(of: Self.hash(number)) == Int64(number * 3)) }
    }

    @Test func sizesThatCannotBeAreRefused() {
        let (sizes, bytes) = Self.kept(OffsetTable())
        #expect(Self.restored(sizes, bytes) != nil)
        #expect(Self.restored(Array(sizes.dropLast()), bytes) == nil)
        #expect(Self.restored(sizes, Array(bytes.dropLast())) == nil)
        #expect(Self.restored(sizes, bytes, maximumBytes: 64) == nil)
        for odd in [(-1, 0), (0, 0), (.max, 0), (8, 8), (8, -1)] {
            var changed = sizes
            changed[3] = .init(places: odd.0, count: odd.1)
            #expect(Self.restored(changed, bytes) == nil, "\(odd)")
        }
    }

    @Test func aShardWithoutAnEmptyPlaceIsRefused() {
        var (sizes, bytes) = Self.kept(OffsetTable())
        bytes[0] = Array(repeating: 0xFF, count: bytes[0].count)
        sizes[0].count = 7
        #expect(Self.restored(sizes, bytes) == nil)
    }
}
