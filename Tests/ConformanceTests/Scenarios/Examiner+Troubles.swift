import Providers
import Shared

/// What an untroubled call does.
struct CleanRun: Sendable {
    var members: [String: JSONValue]
    /// What the simulator has charged and given back by it.
    var account: JSONValue
    /// What was sent to the provider, and its answers.
    var exchanges: [Exchange]
}

/// The provider, or the way to it, is in trouble.
extension Examiner {
    func cleanRun(_ example: Example) async throws -> CleanRun {
        let call = try await world.prepare(operation, example)
        _ = world.transport.take()
        try arm(example)
        let members = try await attempt(try world.direct(call))
        try check(members, of: call)
        return CleanRun(
            members: members, account: try await world.account(call.reference), exchanges: world.transport.take())
    }

    /// The request that has the effect, or else the last one.
    func index(in clean: CleanRun) -> Int { fixture.effectRequest ?? clean.exchanges.count - 1 }

    func providerError() async throws {
        let body = Array(#"{"error":{"message":"in trouble"}}"#.utf8)
        let clean = try await cleanRun(try example)
        for status in [500, 503] {
            try await strike(
                .answer(status: status, headers: [("Content-Type", "application/json")], body: body),
                FailureShape(.providerError, isInDoubt: changesSomething, isTransient: true), clean: clean)
        }
    }

    func throttled() async throws {
        let shape = FailureShape(.throttled, isInDoubt: false, isTransient: true)
        try await strike(.answer(status: 429, headers: [("Retry-After", "0")], body: Array("{}".utf8)), shape)
        let clean = try await cleanRun(try example)
        guard !clean.exchanges.isEmpty else { return }
        let call = try world.direct(try await world.prepare(operation, try example))
        world.switchboard.arm(
            Tampering(
                index: index(in: clean), kind: .answer(status: 429, headers: [("Retry-After", "7")], body: [])))
        let failure = await failure(of: call)
        try require(failure?.retryAfter == .seconds(7), "the provider's Retry-After is not passed on")
    }

    func timeout(_ kind: Tampering.Kind) async throws {
        let shape = FailureShape(.noAnswer, isInDoubt: changesSomething, isTransient: true)
        try await strike(kind, shape)
    }

    /// A client that gives up at its limit fails at once; one that wants the whole answer would run into its timeout,
    /// which is another failure.
    func hugeAnswer() async throws {
        try await strike(.flood, FailureShape(.unusableAnswer, isInDoubt: changesSomething, isTransient: nil))
    }

    func malformedAnswers() async throws {
        let clean = try await cleanRun(try example)
        let whole = clean.exchanges.last?.response?.body ?? []
        let bodies: [[UInt8]] = [
            Array(whole.prefix(whole.count / 2)), [], Array("<html></html>".utf8), Array("null".utf8),
            Array("[]".utf8), Array("\"text\"".utf8), [0xFF, 0xFE, 0x00],
            Array(String(repeating: "[", count: 100_000).utf8),
        ]
        for (number, body) in bodies.enumerated() {
            try await strike(
                .body(body), FailureShape(.unusableAnswer, isInDoubt: changesSomething, isTransient: nil),
                clean: clean, isWorkers: number == 0)
        }
    }

    /// Lets one request go wrong, of a call that is watched attempt by attempt and of one that a worker makes.
    /// - Parameter clean: What the call does without trouble, where that is known already.
    func strike(
        _ kind: Tampering.Kind, _ shape: FailureShape, clean known: CleanRun? = nil, isWorkers: Bool = true
    ) async throws {
        let clean: CleanRun
        if let known { clean = known } else { clean = try await cleanRun(try example) }
        let call = try await world.prepare(operation, try example)
        let before = try await world.account(call.reference)
        let direct = try world.direct(call)
        arm(kind, clean)
        let struck = await outcome(of: direct)
        let hasStruck = try await disarm(kind)
        guard !clean.exchanges.isEmpty else {
            // An authentic callback that proves everything itself: the provider is not even asked.
            guard case .success(let members) = struck, !hasStruck else {
                throw NotConforming("a callback that needs no request failed for the provider's trouble")
            }
            return try check(members, of: call)
        }
        try require(hasStruck, "the request that was to go wrong was never sent")
        switch struck {
        case .success(let members): throw NotConforming("a call in trouble was answered \(members)")
        case .failure(let failure):
            try require(shape.describes(failure), "a call in trouble failed as \(failure), expected \(shape)")
        }
        if operation.effect == .onceUnprotected {
            let expected = kind.lets(effect: shape) ? clean.account : before
            try require(try await world.account(call.reference) == expected, "the account is not as expected")
        } else {
            try await checkRepeats(of: direct, call, clean)
        }
        if isWorkers { try await strikeWorker(kind, shape, clean) }
    }

    /// Repeats with the same key: the effect is there once, and what is answered does not change.
    private func checkRepeats(of direct: DirectCall, _ call: PreparedCall, _ clean: CleanRun) async throws {
        // The wording may tell that it was done before.
        let repeated = try await attempt(direct).filter { $0.key != "resultDescription" }
        try check(repeated, of: call)
        let again = try await attempt(direct).filter { $0.key != "resultDescription" }
        try require(repeated == again, "two repeats with one key were answered \(repeated) and \(again)")
        let account = try await world.account(call.reference)
        try require(
            account == clean.account, "after repeats the account is \(account), without any \(clean.account)")
    }

    private func strikeWorker(_ kind: Tampering.Kind, _ shape: FailureShape, _ clean: CleanRun) async throws {
        let call = try await world.prepare(operation, try example)
        arm(kind, clean)
        let answer = try await world.perform(call)
        try require(try await disarm(kind), "the worker never sent the request that was to go wrong")
        try require(!answer.isRefusal, "trouble of the provider was answered as a refusal: \(answer.members)")
        let isSafe = operation.effect != .onceUnprotected || !shape.isInDoubt
        if answer.isSuccess {
            try check(answer.members, of: call)
            let account = try await world.account(call.reference)
            try require(account == clean.account, "the worker's call left the account \(account), not \(clean.account)")
        } else {
            try require(shape.isTransient != true || !isSafe, "the worker gave up a call that it may repeat")
            try require([0, 502, 503, 504].contains(answer.status), "trouble was answered \(answer)")
        }
    }

    /// Tampers with the request that has the effect; one that nobody will answer is not waited for long.
    private func arm(_ kind: Tampering.Kind, _ clean: CleanRun) {
        let index = index(in: clean)
        world.switchboard.arm(Tampering(index: index, kind: kind))
        if kind.isSilent, index >= 0 { world.transport.hurry(requestAt: index, to: .milliseconds(400)) }
    }

    private func disarm(_ kind: Tampering.Kind) async throws -> Bool {
        if kind.isSilent, world.switchboard.hasStruck {
            // The client may have gone away before the simulator was done.
            _ = try await eventually("the request is held") { world.switchboard.isHolding ? true : nil }
        }
        return world.switchboard.disarm()
    }

    func outcome(of call: DirectCall) async -> Result<[String: JSONValue], ProviderFailure> {
        do throws(ProviderFailure) {
            return .success(try await call.attempt(world.provider))
        } catch {
            return .failure(error)
        }
    }

    func failure(of call: DirectCall) async -> ProviderFailure? {
        if case .failure(let failure) = await outcome(of: call) { return failure }
        return nil
    }
}

extension Tampering.Kind {
    /// Whether nothing is answered.
    var isSilent: Bool {
        switch self {
        case .silence, .silenceAfterEffect: true
        default: false
        }
    }

    /// Whether the simulator executes the request, of which a failure of this shape is told.
    func lets(effect shape: FailureShape) -> Bool {
        switch self {
        case .answer, .silence: false
        case .silenceAfterEffect, .cutAfterEffect, .body, .flood: shape.isInDoubt
        }
    }
}
