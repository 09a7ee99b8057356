import Providers
import Shared
import Testing

@testable import Worker

struct RetryDecisionTests {
    private static let backoff = Backoff(first: .seconds(1), cap: .seconds(4), jitter: 0)

    private static func decide(
        _ failure: ProviderFailure, _ effect: OperationDescription.Effect, attempt: Int = 1,
        timeLeft: Duration = .seconds(60)
    ) -> RetryDecision {
        .after(failure, effect: effect, attempt: attempt, backoff: backoff, timeLeft: timeLeft)
    }

    /// Whether a call is made again, by effect, by what the failure proves and by whether it can pass.
    private static let table: [(OperationDescription.Effect, mayHave: Bool, transient: Bool, isRepeated: Bool)] = [
        (.none, false, false, false), (.none, false, true, true),
        (.none, true, false, false), (.none, true, true, true),
        (.onceByKey, false, false, false), (.onceByKey, false, true, true),
        (.onceByKey, true, false, false), (.onceByKey, true, true, true),
        (.onceUnprotected, false, false, false), (.onceUnprotected, false, true, true),
        (.onceUnprotected, true, false, false), (.onceUnprotected, true, true, false),
    ]

    @Test(arguments: table.indices)
    func aCallIsMadeAgainOnlyWhereThatCannotDoubleItsEffect(row: Int) {
        let (effect, mayHave, transient, isRepeated) = Self.table[row]
        let failure = ProviderFailure.sample(.providerError, mayHaveHadEffect: mayHave, isTransient: transient)
        #expect(Self.decide(failure, effect) == (isRepeated ? .again(after: .seconds(1)) : .giveUp))
        #expect(Self.decide(failure, effect, timeLeft: .seconds(1)) == .giveUp)
    }

    @Test func theDelayGrowsWithTheAttemptsUpToItsCap() {
        let failure = ProviderFailure.sample(.unreachable, mayHaveHadEffect: false)
        let delays = (1...4).map { Self.decide(failure, .none, attempt: $0) }
        #expect(
            delays == [
                .again(after: .seconds(1)), .again(after: .seconds(2)), .again(after: .seconds(4)),
                .again(after: .seconds(4)),
            ])
    }

    @Test func theProvidersOwnWaitIsKeptWhenItIsLonger() {
        let long = ProviderFailure.sample(.throttled, mayHaveHadEffect: false, retryAfter: .seconds(9))
        let short = ProviderFailure.sample(.throttled, mayHaveHadEffect: false, retryAfter: .milliseconds(1))
        #expect(Self.decide(long, .onceUnprotected) == .again(after: .seconds(9)))
        #expect(Self.decide(short, .onceUnprotected) == .again(after: .seconds(1)))
        #expect(Self.decide(long, .onceUnprotected, timeLeft: .seconds(9)) == .giveUp)
    }

    @Test func anAttemptMustHaveAUsefulTimeLeftAfterItsDelay() {
        let failure = ProviderFailure.sample(.unreachable, mayHaveHadEffect: false)
        #expect(Self.decide(failure, .none, timeLeft: .milliseconds(1250)) == .again(after: .seconds(1)))
        #expect(Self.decide(failure, .none, timeLeft: .milliseconds(1249)) == .giveUp)
    }
}
