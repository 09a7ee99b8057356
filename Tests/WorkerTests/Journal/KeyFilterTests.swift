import Shared
import Testing

@testable import Worker

struct KeyFilterTests {
    private static func key(_ number: Int) -> JournalKey { .payment("order-\(number)") }

    /// More keys than the first layer takes, so that it grows.
    @Test func whatWasAddedIsNeverSaidToBeMissing() {
        let filter = KeyFilter()
        filter.complete()
        let count = KeyFilter.firstCapacity + KeyFilter.firstCapacity / 2
        for number in 0..<count { filter.add(Self.key(number), reading: 1) }
        #expect((0..<count).allSatisfy { filter.mayContain(Self.key($0), reading: 1) })
        let known = (count..<count + 20_000).count { filter.mayContain(Self.key($0), reading: 1) }
        #expect(known < 200, "\(known) of 20000 were taken for known")
        let ofAnotherReading = (0..<20_000).count { filter.mayContain(Self.key($0), reading: 2) }
        #expect(ofAnotherReading < 200, "\(ofAnotherReading) of 20000 were taken for known")
    }

    @Test func nothingIsSaidToBeMissingBeforeAllKeysAreHere() {
        let filter = KeyFilter()
        #expect(filter.mayContain(Self.key(1), reading: 1))
        filter.complete()
        #expect(!filter.mayContain(Self.key(1), reading: 1))
        filter.add(Self.key(1), reading: 1)
        #expect(filter.mayContain(Self.key(1), reading: 1))
    }
}
