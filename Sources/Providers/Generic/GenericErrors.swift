import Shared

/// Meaning of the demonstration provider's error answers.
enum GenericErrors {
    /// An object whose state says neither success nor refusal: it decides nothing.
    static func unexpectedState(mayHaveHadEffect: Bool) -> ProviderFailure {
        ProviderFailure(
            .unusableAnswer, mayHaveHadEffect: mayHaveHadEffect, isTransient: false,
            "the provider's answer is of an unexpected state")
    }

    /// A refusal where nothing happened and nothing will; otherwise a failure with what is known of its effect.
    static func failure(_ response: OutgoingResponse, _ kind: ProviderHTTP.Kind) -> EffectFailure {
        let content = try? JSONCoding.decode(GenericWire.Failure.self, from: response.body).error
        let code = content?.code ?? ""
        switch response.statusCode {
        case 401, 403:
            return .failed(
                ProviderFailure(
                    .credentialsRefused, mayHaveHadEffect: false, isTransient: false,
                    "the provider refuses this service's credentials"))
        case 404: return .failed(.unknownTransaction)
        case 409 where code == "idempotency_in_progress":
            return .failed(
                ProviderFailure(
                    .stillRunning, mayHaveHadEffect: kind == .effect, isTransient: true,
                    "the provider is still working on the same call"))
        case 422 where code == "idempotency_mismatch":
            // The key was used before: whatever it did then is done, so this is no refusal.
            return .failed(
                ProviderFailure(
                    .requestRefused, mayHaveHadEffect: kind == .effect, isTransient: false,
                    "the provider knows this call with another content"))
        case 429:
            return .failed(
                ProviderFailure(
                    .throttled, mayHaveHadEffect: false, isTransient: true,
                    retryAfter: ProviderHTTP.retryAfter(response), "the provider takes no more requests for now"))
        case 400, 409, 422:
            return .refused(ProviderHTTP.bounded(content?.message ?? "refused by the provider"))
        case 500...599:
            return .failed(
                ProviderFailure(
                    .providerError, mayHaveHadEffect: kind == .effect, isTransient: true,
                    retryAfter: ProviderHTTP.retryAfter(response), "the provider answered with an error of its own"))
        default:
            return .failed(
                ProviderFailure(
                    .unusableAnswer, mayHaveHadEffect: kind == .effect, isTransient: false,
                    "the provider answered with an unexpected status"))
        }
    }
}
