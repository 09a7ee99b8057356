import Testing

@testable import Shared

@Suite struct PartitionerTests {
    @Test(arguments: [
        ("21", Int32(-973_932_308)),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ])
    func keysHashAsInTheJavaClient(key: String, hash: Int32) {
        #expect(Partitioner.murmur2(Array(key.utf8)) == hash)
    }

    @Test func negativeHashesStillGiveAPartition() {
        #expect(Partitioner.partition(forKey: Array("21".utf8), count: 12) == (-973_932_308 & 0x7fff_ffff) % 12)
    }

    @Test(arguments: [Int32(0), -1, .min])
    func aTopicWithoutPartitionsDoesNotTrap(count: Int32) {
        #expect(Partitioner.partition(forKey: [1, 2, 3], count: count) == 0)
    }

    @Test func anEmptyKeyHasAPartition() {
        #expect((0..<7).contains(Partitioner.partition(forKey: [], count: 7)))
    }
}
