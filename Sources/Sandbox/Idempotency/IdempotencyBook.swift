import Synchronization

/// Idempotency keys of one provider: the first result of a key is kept and given again.
final class IdempotencyBook: Sendable {
    /// Keys kept; past it the oldest are forgotten, as real providers forget them after a day.
    static let maximumKeys = 200_000

    /// What to do with a request that carries a key.
    enum Decision: Sendable {
        /// The key is new: execute, then call `finish` or `abandon`.
        case execute
        /// The key was used for the same request: give this answer again.
        case replay(SimulatedAnswer)
        /// The same request is being executed at this moment.
        case running
        /// The key was used for another request.
        case mismatch
    }

    private struct Entry {
        let fingerprint: Int
        var answer: SimulatedAnswer?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var ages = AgeQueue()
    }

    private let state = Mutex(State())

    /// Takes a key for a request, or says why not.
    func begin(key: String, fingerprint: Int) -> Decision {
        state.withLock { state in
            if let entry = state.entries[key] {
                guard entry.fingerprint == fingerprint else { return .mismatch }
                return entry.answer.map(Decision.replay) ?? .running
            }
            state.entries[key] = Entry(fingerprint: fingerprint, answer: nil)
            state.ages.append(key)
            if state.entries.count > Self.maximumKeys {
                // Taken out for the search, which reads the entries.
                var ages = AgeQueue()
                swap(&ages, &state.ages)
                let oldest = ages.removeOldest { state.entries[$0] == nil || state.entries[$0]?.answer != nil }
                swap(&ages, &state.ages)
                if let oldest { state.entries[oldest] = nil }
            }
            return .execute
        }
    }

    /// Stores the result of a key that `begin` allowed to execute.
    func finish(key: String, answer: SimulatedAnswer) {
        state.withLock { $0.entries[key]?.answer = answer }
    }

    /// Frees a key whose request was never executed.
    func abandon(key: String) {
        state.withLock { $0.entries[key] = nil }
    }

    /// Runs `work` after `pause` under a key: at most once, and never twice at a time.
    ///
    /// - Parameter refusal: the provider's own words for a running or mismatching key.
    func perform(
        key: String?, fingerprint: Int, pause: Duration,
        refusal: (Refusal) -> SimulatedAnswer, work: () -> SimulatedAnswer
    ) async throws -> SimulatedAnswer {
        guard let key else {
            if pause > .zero { try await Task.sleep(for: pause) }
            return work()
        }
        switch begin(key: key, fingerprint: fingerprint) {
        case .running: return refusal(.running)
        case .mismatch: return refusal(.mismatch)
        case .replay(var answer):
            answer.headers.append(FormField(name: "Idempotent-Replayed", value: "true"))
            return answer
        case .execute: break
        }
        if pause > .zero {
            do {
                try await Task.sleep(for: pause)
            } catch {
                abandon(key: key)
                throw error
            }
        }
        let answer = work()
        finish(key: key, answer: answer)
        return answer
    }

    /// Why a request with a key is not served.
    enum Refusal: Sendable {
        /// The same request is being executed.
        case running
        /// The key belongs to another request.
        case mismatch
    }
}
