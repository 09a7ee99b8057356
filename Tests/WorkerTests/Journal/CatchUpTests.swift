import Testing

@testable import Worker

struct CatchUpTests {
    private static func isDone(
        ends: [Int32: Int64], _ readings: [(positions: [Int32: Int64], at: Duration)]
    ) -> [Bool] {
        var catchUp = CatchUp(ends: ends)
        return readings.map { catchUp.isDone($0.positions, at: $0.at) }
    }

    @Test func itIsDoneWhenEveryPartitionHasReachedItsEnd() {
        let readings: [(positions: [Int32: Int64], at: Duration)] = [
            ([:], .zero), ([0: 3, 1: 4], .seconds(1)), ([0: 9, 1: 5], .seconds(2)),
        ]
        #expect(Self.isDone(ends: [0: 3, 1: 5, 2: 0], readings) == [false, false, true])
    }

    @Test func anEmptyLogIsRead() {
        #expect(Self.isDone(ends: [0: 0, 1: 0], [([:], .zero)]) == [true])
    }

    @Test func offsetsWithoutRecordsAreNotWaitedForForEver() {
        let times: [Duration] = [.zero, CatchUp.quietMax - .milliseconds(1), CatchUp.quietMax]
        #expect(Self.isDone(ends: [0: 100], times.map { ([0: 98], $0) }) == [false, false, true])
    }

    @Test func whatGoesOnElsewhereDoesNotHoldUpTheEnd() {
        let readings = (0...5).map { ([Int32(0): Int64(98), 1: Int64(50 + $0)], Duration.seconds(1) * $0) }
        #expect(Self.isDone(ends: [0: 100, 1: 50], readings).firstIndex(of: true) == 5)
    }

    @Test func aSlowReaderIsWaitedForAsLongAsItGoesOn() {
        let readings = (Int64(1)...100).map { ([Int32(0): $0], Duration.seconds(4) * Int($0)) }
        #expect(Self.isDone(ends: [0: 100], readings).firstIndex(of: true) == 99)
    }
}
