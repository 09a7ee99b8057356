import Shared

/// Meaning of Stripe's error answers.
enum StripeErrors {
    /// An object whose state says neither success nor refusal: it decides nothing.
    static func unexpectedState(mayHaveHadEffect: Bool) -> ProviderFailure {
        ProviderFailure(
            .unusableAnswer, mayHaveHadEffect: mayHaveHadEffect, isTransient: false,
            "Stripe's answer is of an unexpected state")
    }

    /// A refusal where nothing happened and nothing will; otherwise a failure with what is known of its effect.
    ///
    /// `Stripe-Should-Retry` decides whether a repeat (always with the same key) can help, whatever the status.
    static func failure(_ response: OutgoingResponse, _ kind: ProviderHTTP.Kind) -> EffectFailure {
        let content = try? JSONCoding.decode(StripeWire.Failure.self, from: response.body).error
        var result = classify(response, content, kind)
        switch (response.headers["stripe-should-retry"]?.lowercased(), result) {
        case ("true", .refused):
            // Stripe has not decided yet, so this is no refusal.
            result = .failed(
                ProviderFailure(
                    .providerError, mayHaveHadEffect: kind == .effect, isTransient: true,
                    "Stripe asks to send the call again"))
        case ("true", .failed(var failure)):
            failure.isTransient = true
            result = .failed(failure)
        case ("false", .failed(var failure)):
            failure.isTransient = false
            result = .failed(failure)
        default: break
        }
        return result
    }

    private static func classify(
        _ response: OutgoingResponse, _ content: StripeWire.Failure.Content?, _ kind: ProviderHTTP.Kind
    ) -> EffectFailure {
        let isEffect = kind == .effect
        switch response.statusCode {
        case 401, 403:
            return .failed(
                ProviderFailure(
                    .credentialsRefused, mayHaveHadEffect: false, isTransient: false,
                    "Stripe refuses this service's credentials"))
        case 400 where content?.type == "idempotency_error":
            // The key was used before: whatever it did then is done, so this is no refusal.
            return .failed(
                ProviderFailure(
                    .requestRefused, mayHaveHadEffect: isEffect, isTransient: false,
                    "Stripe knows this call with another content"))
        case 404: return .failed(.unknownTransaction)
        case 408:
            return .failed(
                ProviderFailure(
                    .noAnswer, mayHaveHadEffect: isEffect, isTransient: true, "Stripe did not answer in time"))
        case 409:
            return .failed(
                ProviderFailure(
                    .stillRunning, mayHaveHadEffect: isEffect, isTransient: true,
                    "Stripe is still working on the same call"))
        case 429:
            return .failed(
                ProviderFailure(
                    .throttled, mayHaveHadEffect: false, isTransient: true,
                    retryAfter: ProviderHTTP.retryAfter(response), "Stripe takes no more requests for now"))
        case 400...499: return .refused(text(of: content))
        case 500...599:
            return .failed(
                ProviderFailure(
                    .providerError, mayHaveHadEffect: isEffect, isTransient: true,
                    retryAfter: ProviderHTTP.retryAfter(response), "Stripe answered with an error of its own"))
        default:
            return .failed(
                ProviderFailure(
                    .unusableAnswer, mayHaveHadEffect: isEffect, isTransient: false,
                    "Stripe answered with an unexpected status"))
        }
    }

    private static func text(of content: StripeWire.Failure.Content?) -> String {
        let parts = [content?.code, content?.message].compactMap { $0 }
        return parts.isEmpty ? "refused by Stripe" : ProviderHTTP.bounded(parts.joined(separator: ": "))
    }
}
