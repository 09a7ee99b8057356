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
