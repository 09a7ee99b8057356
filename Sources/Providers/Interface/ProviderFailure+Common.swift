/// Failures that several providers share.
extension ProviderFailure {
    /// The provider does not know the transaction.
    static let unknownTransaction = ProviderFailure(
        .unknownTransaction, mayHaveHadEffect: false, isTransient: false, "the provider does not know the transaction")
    /// A call that the description does not list; the ingress answers 501 before it gets here.
    static let operationMissing = ProviderFailure(
        .requestRefused, mayHaveHadEffect: false, isTransient: false, "the provider does not have this operation")
    /// A command without a field that its operation requires; the ingress refuses it before it gets here.
    static let incompleteCall = ProviderFailure(
        .requestRefused, mayHaveHadEffect: false, isTransient: false, "the command lacks a required field")
    /// A look-up whose answers say neither that the effect is there nor that it is not.
    static let undecided = ProviderFailure(
        .unusableAnswer, mayHaveHadEffect: true, isTransient: true,
        "the provider's answers do not tell what became of the call")
}

extension ProviderFailure {
    /// Runs a look-up of an effect whose answer was lost.
    ///
    /// What keeps it from an answer, be it that the provider does not know the payment, proves nothing of that effect.
    static func leavingInDoubt<Value>(
        _ lookUp: () async throws(ProviderFailure) -> Value
    ) async throws(ProviderFailure) -> Value {
        do {
            return try await lookUp()
        } catch {
            var failure = error
            failure.mayHaveHadEffect = true
            throw failure
        }
    }
}

/// How a call that changes something can fail: with a definite refusal, which is a `KO`, or otherwise.
enum EffectFailure: Error {
    /// The provider refused; the text is for the caller.
    case refused(String)
    /// Anything else.
    case failed(ProviderFailure)

    /// The failure, of a refusal that the operation does not expect too.
    var failure: ProviderFailure {
        switch self {
        case .failed(let failure): failure
        case .refused:
            // The provider's own words stay out: a failure's explanation holds no part of an answer.
            ProviderFailure(
                .requestRefused, mayHaveHadEffect: false, isTransient: false, "the provider refuses the request")
        }
    }
}
