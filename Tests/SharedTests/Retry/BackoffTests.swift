import Shared
import Testing

@Suite struct BackoffTests {
    /// Answers the same number for ever: zero takes nothing off, the greatest takes off the most.
    private struct ConstantGenerator: RandomNumberGenerator {
        var value: UInt64
        mutating func next() -> UInt64 { value }
    }

    private let backoff = Backoff(first: .milliseconds(500), cap: .seconds(5))

    @Test(arguments: [
        (1, 500, 375), (2, 1000, 750), (3, 2000, 1500), (4, 4000, 3000), (5, 5000, 3750), (6, 5000, 3750),
        (1000, 5000, 3750), (Int.max, 5000, 3750), (0, 500, 375), (-7, 500, 375), (Int.min + 1, 500, 375),
    ])
    func delaysFollowTheTable(attempt: Int, longestMilliseconds: Int, shortestMilliseconds: Int) {
        var nothingOff = ConstantGenerator(value: 0)
        #expect(backoff.delay(afterAttempt: attempt, using: &nothingOff) == .milliseconds(longestMilliseconds))
        for _ in 0..<50 {
            let delay = backoff.delay(afterAttempt: attempt)
            #expect(delay > .milliseconds(shortestMilliseconds) - .microseconds(1))
            #expect(delay <= .milliseconds(longestMilliseconds))
        }
    }

    @Test func chanceIsUsed() {
        let delays = Set((0..<50).map { _ in backoff.delay(afterAttempt: 3) })
        #expect(delays.count > 10)
    }

    @Test(arguments: [(-1.0, 0.0), (0.3, 0.3), (7.0, 1.0)])
    func jitterIsAShare(given: Double, used: Double) {
        #expect(Backoff(first: .seconds(1), cap: .seconds(1), jitter: given).jitter == used)
    }

    @Test func withoutJitterNothingIsTakenOff() {
        let exact = Backoff(first: .milliseconds(100), cap: .seconds(1), jitter: 0)
        #expect((1...5).map { exact.delay(afterAttempt: $0) } == [100, 200, 400, 800, 1000].map { .milliseconds($0) })
    }
}
