import Shared

extension PaymentReply {
    /// The reply of some work, or `KO` with the provider's words when it refused definitely.
    static func orRefusal(
        paymentID: String? = nil, _ work: () async throws(EffectFailure) -> PaymentReply
    ) async throws(ProviderFailure) -> PaymentReply {
        do {
            return try await work()
        } catch .refused(let explanation) {
            return PaymentReply(result: .ko, resultDescription: explanation, paymentID: paymentID)
        } catch {
            throw error.failure
        }
    }
}

extension EffectFailure {
    /// Runs a call that only reads within a call that changes something; nothing of it is a refusal.
    static func reading<Value>(
        _ work: () async throws(ProviderFailure) -> Value
    ) async throws(EffectFailure) -> Value {
        do {
            return try await work()
        } catch {
            throw .failed(error)
        }
    }
}
