import Shared
import Testing

@testable import Worker

extension JournalCache {
    fileprivate mutating func keep(_ record: JournalStoredRecord, of partition: Int32) {
        keep(
            record.offset, of: partition, key: record.key.bytes, mark: Array(record.mark.text.utf8),
            value: record.value, timestampMilliseconds: record.timestampMilliseconds)
    }
}

struct JournalCacheTests {
    private static func record(_ offset: Int64, bytes: Int = 700) -> JournalStoredRecord {
        .sample("x", .epoch(1), at: offset, bytes: bytes)
    }

    @Test func aRecordComesBackAsItWas() {
        var cache = JournalCache(bytesMax: 10_000)
        for offset in Int64(0)..<100 {
            let record = Self.record(offset, bytes: Int(offset * 37 % 900))
            cache.keep(record, of: 3)
            #expect(cache.record(at: offset, of: 3) == record)
        }
    }

    @Test func theOldestGoWhenThereIsNoRoom() {
        var cache = JournalCache(bytesMax: 10_000)
        for offset in Int64(0)..<20 { cache.keep(Self.record(offset), of: 0) }
        #expect(cache.record(at: 5, of: 0) == nil)
        for offset in Int64(10)..<20 { #expect(cache.record(at: offset, of: 0)?.offset == offset) }
        #expect(cache.record(at: 19, of: 1) == nil)
    }

    @Test func aRecordLargerThanAllRoomIsNotKept() {
        var cache = JournalCache(bytesMax: 1000)
        cache.keep(Self.record(1, bytes: 5000), of: 0)
        #expect(cache.record(at: 1, of: 0) == nil)
        cache.keep(Self.record(2, bytes: 100), of: 0)
        #expect(cache.record(at: 2, of: 0) != nil)
    }

    @Test func whatIsDroppedIsGoneAndTheOthersStay() {
        var cache = JournalCache(bytesMax: 10_000)
        for offset in Int64(0)..<10 { cache.keep(Self.record(offset), of: 0) }
        for offset in Int64(0)..<5 { cache.drop(offset, of: 0) }
        for offset in Int64(0)..<5 { #expect(cache.record(at: offset, of: 0) == nil) }
        for offset in Int64(5)..<10 { #expect(cache.record(at: offset, of: 0) != nil) }
        cache.drop(99, of: 0)
    }

    @Test func aRecordThatIsKeptAgainIsReplaced() {
        var cache = JournalCache(bytesMax: 10_000)
        for _ in 0..<100 { cache.keep(Self.record(1), of: 0) }
        cache.keep(Self.record(1, bytes: 9), of: 0)
        #expect(cache.record(at: 1, of: 0)?.value.count == 9)
        for offset in Int64(2)..<11 { cache.keep(Self.record(offset), of: 0) }
        #expect(cache.record(at: 1, of: 0) != nil)
    }

    @Test func aPartitionIsForgottenAsAWhole() {
        var cache = JournalCache(bytesMax: 10_000)
        for partition in Int32(0)..<2 { cache.keep(Self.record(1), of: partition) }
        cache.drop(partition: 0)
        #expect(cache.record(at: 1, of: 0) == nil)
        #expect(cache.record(at: 1, of: 1) != nil)
    }

    @Test func theOrderOfManyRecordsThatCameAndWentDoesNotGrow() {
        var cache = JournalCache(bytesMax: 10_000)
        for offset in Int64(0)..<30_000 { cache.keep(Self.record(offset), of: 0) }
        #expect(cache.record(at: 29_999, of: 0) != nil)
        #expect(cache.record(at: 29_000, of: 0) == nil)
    }
}
