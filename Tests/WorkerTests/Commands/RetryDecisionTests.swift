import Providers
import Shared
import Testing

@testable import Worker

struct RetryDecisionTests {
    private static let backoff = Backoff(first: .seconds(1), cap: .seconds(4), jitter: 0)

    private static func decide(
        _ failure: ProviderFailure, mayRepeat: Bool = true, attempt: Int = 1, timeLeft: Duration = .seconds(60)
    ) -> RetryDecision {
        .after(failure, mayRepeat: mayRepeat, attempt: attempt, backoff: backoff, timeLeft: timeLeft)
    }

    /// Whether a call is made again, by whether that is safe and by whether the failure can pass.
    private static let table: [(mayRepeat: Bool, transient: Bool, isRepeated: Bool)] = [
        (false, false, false), (false, true, false), (true, false, false), (true, true, true),
    ]

    @Test(arguments: table.indices, [false, true])
    func aCallIsMadeAgainOnlyWhereThatIsSafeAndCanHelp(row: Int, mayHave: Bool) {
        let (mayRepeat, transient, isRepeated) = Self.table[row]
        let failure = ProviderFailure.sample(.providerError, mayHaveHadEffect: mayHave, isTransient: transient)
        #expect(Self.decide(failure, mayRepeat: mayRepeat) == (isRepeated ? .again(after: .seconds(1)) : .giveUp))
        #expect(Self.decide(failure, mayRepeat: mayRepeat, timeLeft: .seconds(1)) == .giveUp)
    }

    @Test func theDelayGrowsWithTheAttemptsUpToItsCap() {
        let failure = ProviderFailure.sample(.unreachable, mayHaveHadEffect: false)
        let delays = (1...4).map { Self.decide(failure, attempt: $0) }
        #expect(
            delays == [
                .again(after: .seconds(1)), .again(after: .seconds(2)), .again(after: .seconds(4)),
                .again(after: .seconds(4)),
            ])
    }

    @Test func theProvidersOwnWaitIsKeptWhenItIsLonger() {
        let long = ProviderFailure.sample(.throttled, mayHaveHadEffect: false, retryAfter: .seconds(9))
        let short = ProviderFailure.sample(.throttled, mayHaveHadEffect: false, retryAfter: .milliseconds(1))
        #expect(Self.decide(long) == .again(after: .seconds(9)))
        #expect(Self.decide(short) == .again(after: .seconds(1)))
        #expect(Self.decide(long, timeLeft: .seconds(9)) == .giveUp)
    }

    @Test func anAttemptMustHaveAUsefulTimeLeftAfterItsDelay() {
        let failure = ProviderFailure.sample(.unreachable, mayHaveHadEffect: false)
        #expect(Self.decide(failure, timeLeft: .milliseconds(1250)) == .again(after: .seconds(1)))
        #expect(Self.decide(failure, timeLeft: .milliseconds(1249)) == .giveUp)
    }
}
