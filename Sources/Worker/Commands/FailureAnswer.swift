import Providers
import Shared

/// The answer to a caller whose command failed.
enum FailureAnswer {
    /// Seconds that a caller is asked to wait when the provider said nothing.
    static let retryAfterSecondsDefault = 5

    /// Maps a failure to the fixed list of errors; a call that may have had its effect is never answered as refused.
    static func response(
        to failure: ProviderFailure, of command: Command, effect: OperationDescription.Effect
    ) -> (response: ErrorResponse, retryAfterSeconds: Int?) {
        var response = ErrorResponse(code(for: failure, effect), failure.explanation)
        response.requestId = command.id.value
        var retryAfterSeconds: Int?
        if response.statusCode == 503 {
            let asked = failure.retryAfter.map { Int($0.components.seconds) }
            retryAfterSeconds = max(1, asked ?? retryAfterSecondsDefault)
        }
        if failure.mayHaveHadEffect || response.code == .outcomeUnknown {
            UnknownOutcome(of: command, effect: effect).complete(&response)
        }
        return (response, retryAfterSeconds)
    }

    /// The answer to a command whose outcome an earlier call has left unknown.
    static func unknown(_ command: Command, effect: OperationDescription.Effect) -> ErrorResponse {
        let failure = ProviderFailure(
            .noAnswer, mayHaveHadEffect: true, isTransient: true, "the outcome of the payment is not known yet")
        return response(to: failure, of: command, effect: effect).response
    }

    /// "Not available" and "not known" promise that nothing happened, so a call in doubt is answered otherwise; and a
    /// command that provably did not get as far as its effect is not in doubt, whatever was not answered.
    private static func code(
        for failure: ProviderFailure, _ effect: OperationDescription.Effect
    ) -> ErrorCode {
        let isInDoubt = failure.mayHaveHadEffect && effect != .none
        let isNotDone = !failure.mayHaveHadEffect && effect != .none
        return switch failure.code {
        case .unknownTransaction where isInDoubt, .unreachable where isInDoubt, .throttled where isInDoubt:
            .outcomeUnknown
        case .unknownTransaction: .unknownTransaction
        case .unreachable, .throttled: .providerUnavailable
        case .noAnswer where isNotDone, .stillRunning where isNotDone: .providerUnavailable
        case .noAnswer, .stillRunning: .outcomeUnknown
        case .credentialsRefused, .requestRefused, .providerError, .unusableAnswer: .providerError
        }
    }
}
