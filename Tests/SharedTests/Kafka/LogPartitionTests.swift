import Synchronization
import Testing

@testable import Shared

/// What is read of a partition, decided without a client.
struct LogPartitionTests {
    private func range(_ range: Range<Int64>) -> LogPartition {
        var partition = LogPartition()
        _ = partition.read(range)
        partition.begun(.range, at: range.lowerBound)
        return partition
    }

    private func lookUp(_ offset: Int64, within limit: Duration = .seconds(10)) -> LogPartition.LookUp {
        LogPartition.LookUp(offset: offset, deadline: .now + limit) { _ in }
    }

    private func receive(_ offsets: [Int64], _ partition: inout LogPartition) -> LogPartition.Use {
        partition.received(count: offsets.count) { offsets[$0] }
    }

    @Test func aRangeIsCompleteWithItsLastOffsetWithAnyBehindItAndWithTheEndOfTheLog() {
        var partition = range(5..<10)
        #expect(receive([5, 6, 8], &partition) == .range(0..<3, isComplete: false))
        #expect(partition.range == 9..<10)
        #expect(receive([9, 10, 11], &partition) == .range(0..<1, isComplete: true))
        // Compaction has left nothing at the last offsets.
        partition = range(5..<10)
        #expect(receive([7, 12], &partition) == .range(0..<1, isComplete: true))
        partition = range(5..<10)
        #expect(receive([12], &partition) == .range(0..<0, isComplete: true))
        partition = range(5..<10)
        #expect(receive([7], &partition) == .range(0..<1, isComplete: false))
        #expect(partition.ended(at: 10, now: .now) == .complete)
    }

    @Test func whatComesInOnePieceWithTheFirstRecordIsNotDeliveredTwice() {
        var partition = range(5..<10)
        #expect(receive([3, 4, 5, 6], &partition) == .range(2..<4, isComplete: false))
        #expect(receive([3, 4], &partition) == .range(2..<2, isComplete: false))
        #expect(partition.range == 7..<10)
    }

    @Test func aLogThatEndsBeforeItsRangeIsShortUntilMoreComes() {
        var partition = range(5..<10)
        let now = ContinuousClock.now
        #expect(partition.ended(at: 7, now: now) == .short)
        #expect(partition.ended(at: 7, now: now + .seconds(1)) == .short)
        #expect(partition.shortSince == now)
        _ = receive([7], &partition)
        #expect(partition.shortSince == nil)
    }

    @Test func aLookUpInterruptsARangeThatGoesOnWhereItWas() throws {
        var partition = range(5..<10)
        _ = receive([5, 6], &partition)
        let hasInterrupted = partition.lookUp(lookUp(2))
        #expect(hasInterrupted)
        partition.stopped()
        var wanted = try #require(partition.wanted)
        #expect(wanted.reading == .lookUp && wanted.from == 2)
        partition.begun(.lookUp, at: 2)
        let interruptsAgain = partition.lookUp(lookUp(8))
        #expect(!interruptsAgain)
        #expect(receive([1], &partition) == .none)
        #expect(receive([2, 3], &partition) == .lookUp(0))
        #expect(partition.endLookUp()?.offset == 2)
        partition.stopped()
        // Of the look-up before nothing is taken for the range's.
        #expect(receive([7], &partition) == .none)
        partition.begun(.lookUp, at: 8)
        #expect(receive([9], &partition) == .lookUp(nil))
        #expect(partition.endLookUp()?.offset == 8)
        partition.stopped()
        wanted = try #require(partition.wanted)
        #expect(wanted.reading == .range && wanted.from == 7)
    }

    @Test func anotherRangeTakesThePlaceOfTheOneBefore() {
        var partition = range(5..<10)
        _ = receive([5, 6], &partition)
        // The same place with another end needs no other fetch.
        let isFetchedAnew = partition.read(7..<20)
        #expect(!isFetchedAnew)
        #expect(receive([7], &partition) == .range(0..<1, isComplete: false))
        let isMoved = partition.read(0..<3)
        #expect(isMoved)
        #expect(partition.range == 0..<3)
    }

    @Test func lookUpsThatWaitedTooLongAreTaken() {
        var partition = LogPartition()
        _ = partition.lookUp(lookUp(1, within: .zero))
        _ = partition.lookUp(lookUp(2))
        let expired = partition.expireLookUps(at: .now + .seconds(1))
        #expect(expired.map(\.offset) == [1])
        #expect(partition.lookUps.map(\.offset) == [2])
        let left = partition.expireLookUps(at: nil)
        #expect(left.map(\.offset) == [2])
        #expect(partition.isIdle)
    }

    @Test func theLastPossibleOffsetDoesNotOverflow() {
        var partition = range(5..<(.max))
        #expect(receive([.max], &partition) == .range(0..<0, isComplete: true))
    }
}
