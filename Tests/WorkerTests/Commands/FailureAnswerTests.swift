import Providers
import Shared
import Testing

@testable import Worker

struct FailureAnswerTests {
    private static let command = Workshop.command(.refund)

    private static func answer(
        _ failure: ProviderFailure, _ effect: OperationDescription.Effect = .onceUnprotected
    ) -> (response: ErrorResponse, retryAfterSeconds: Int?) {
        FailureAnswer.response(to: failure, of: command, effect: effect)
    }

    private static let withoutEffect: [(ProviderFailure.Code, ErrorCode)] = [
        (.unknownTransaction, .unknownTransaction), (.credentialsRefused, .providerError),
        (.requestRefused, .providerError), (.throttled, .providerUnavailable), (.providerError, .providerError),
        (.unusableAnswer, .providerError), (.unreachable, .providerUnavailable),
        (.noAnswer, .providerUnavailable), (.stillRunning, .providerUnavailable),
    ]

    @Test func everyFailureCodeIsMappedToOneOfTheFixedList() {
        #expect(Set(Self.withoutEffect.map(\.0)) == Set(ProviderFailure.Code.allCases))
        for (failure, code) in Self.withoutEffect {
            let answer = Self.answer(.sample(failure, mayHaveHadEffect: false))
            #expect(answer.response.code == code)
            #expect(answer.response.statusCode == code.statusCode)
            #expect(answer.response.requestId == Self.command.id.value)
            #expect((answer.retryAfterSeconds != nil) == (code.statusCode == 503))
        }
    }

    @Test(arguments: ProviderFailure.Code.allCases)
    func aCallInDoubtIsAnsweredAsErrorWithItsCommandAndNeverAsSafeToRepeat(code: ProviderFailure.Code) {
        let (response, retryAfterSeconds) = Self.answer(.sample(code, mayHaveHadEffect: true))
        #expect([502, 504].contains(response.statusCode))
        #expect(response.commandID == Self.command.id)
        #expect(response.repeatIsSafe == false)
        #expect(retryAfterSeconds == nil)
    }

    @Test func aReadWithoutAnswerMayBeRepeated() {
        let (response, _) = Self.answer(.sample(.noAnswer, mayHaveHadEffect: false), .none)
        #expect(response.statusCode == 504)
        #expect(response.repeatIsSafe == true)
    }

    @Test func theProvidersWaitIsPassedOnAndIsAtLeastASecond() {
        func seconds(_ retryAfter: Duration?) -> Int? {
            Self.answer(.sample(.throttled, mayHaveHadEffect: false, retryAfter: retryAfter)).retryAfterSeconds
        }
        #expect(seconds(nil) == 5)
        #expect(seconds(.zero) == 1)
        #expect(seconds(.seconds(90)) == 90)
    }
}
