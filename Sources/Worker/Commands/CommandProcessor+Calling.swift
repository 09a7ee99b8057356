import Logging
import Providers
import Shared

/// Calling the provider, again where that is safe.
extension CommandProcessor {
    /// Tries until it succeeds, a repeat would not be safe, or the time is over.
    ///
    /// - Parameters:
    ///   - end: on the monotonic clock; nothing is sent after it.
    ///   - mayRepeat: whether a call that may have had its effect may be made again.
    func attempt<Answer: Sendable>(
        until end: Duration, mayRepeat: Bool,
        _ once: @Sendable (Duration) async throws(ProviderFailure) -> Answer
    ) async throws(ProviderFailure) -> Answer {
        var number = 1
        var mayHaveHadEffect = false
        while true {
            do throws(ProviderFailure) {
                // A process that stood still must not send what its successor takes for over.
                guard timing.now < end else { throw Self.noTimeLeft }
                return try await once(end)
            } catch {
                // One attempt that proves nothing about itself leaves the whole call in doubt, whatever follows it.
                mayHaveHadEffect = mayHaveHadEffect || error.mayHaveHadEffect
                let decision = RetryDecision.after(
                    error, mayRepeat: mayRepeat || !mayHaveHadEffect, attempt: number, backoff: settings.backoff,
                    timeLeft: end - timing.now)
                guard case .again(let delay) = decision, await timing.pause(for: delay) else {
                    var failure = error
                    failure.mayHaveHadEffect = mayHaveHadEffect
                    throw failure
                }
                number += 1
            }
        }
    }

    static let noTimeLeft = ProviderFailure(
        .unreachable, mayHaveHadEffect: false, isTransient: false, "there was no time left to call the provider")

    /// What a flow notes comes of requests that it has made.
    private static let brokenOff = ProviderFailure(
        .noAnswer, mayHaveHadEffect: true, isTransient: false, "a flow of several requests was broken off")

    /// Runs a call as a hop of its trace.
    func traced<Answer: Sendable>(
        _ name: String, _ parent: TraceContext?,
        _ body: (TraceContext) async throws(ProviderFailure) -> Answer
    ) async throws(ProviderFailure) -> Answer {
        let hop = TraceHop.start(name, .client, parent: parent)
        do {
            let answer = try await body(hop.context)
            hop.end()
            return answer
        } catch {
            hop.end(failure: error.code.rawValue)
            throw error
        }
    }

    /// Calls the provider for an effect, once; what it notes on the way is in the journal before it goes on.
    func call(
        _ entry: EffectEntry, _ progress: EffectProgress, attemptID: String, trace: TraceContext?, end: Duration,
        _ place: Place
    ) async throws(ProviderFailure) -> ProviderAnswer {
        try await traced("call provider", trace) { (context) async throws(ProviderFailure) in
            var call = self.providerCall(
                progress.added(to: entry).effect, timeout: min(self.settings.providerTimeout, end - self.timing.now))
            call.trace = context
            call.note = { (noted) async throws(ProviderFailure) in
                progress.note(noted)
                let outcome = await self.write(progress.added(to: entry), .attempted, attemptID: attemptID, place) {
                    self.timing.now > end
                }
                // Continue only while this process owns the effect.
                guard outcome == .valid, self.timing.now < end else { throw Self.brokenOff }
            }
            return entry.isFollowUp ? try await self.provider.capture(call) : try await self.provider.execute(call)
        }
    }

    /// The provider's call of an effect, the same every time.
    func providerCall(_ effect: EffectState, timeout: Duration) -> ProviderCall {
        let command = Command(
            id: effect.commandID, provider: description.name, operation: effect.operation,
            paymentMethod: effect.paymentMethod, reference: effect.reference, amount: effect.amount,
            acceptedAtMilliseconds: effect.firstAttemptedAtMilliseconds,
            payload: CommandPayload(body: effect.request ?? [:]))
        var call = ProviderCall(command, idempotencyKey: effect.providerKey, timeout: timeout)
        call.progress = effect.progress
        return call
    }
}
