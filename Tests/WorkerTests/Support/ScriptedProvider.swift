import Providers
import Shared
import Synchronization

/// Answers of a provider in the order in which they are given, and the calls that got them.
final class Script: Sendable {
    enum Step: Sendable {
        case answer(ProviderAnswer)
        case observation(PaymentObservation)
        case failure(ProviderFailure)
        /// Nothing is known of the call that is looked up.
        case nothing
        /// Notes progress; the call goes on with the next step.
        case note(JSONValue)
        /// Something happens in the middle of the call, which goes on with the next step.
        case run(@Sendable () async -> Void)
    }

    enum Kind: Sendable {
        /// Executions and observations.
        case call
        case capture
        case lookUp
    }

    private struct State {
        var steps: [Kind: [Step]]
        var calls: [Kind: [ProviderCall]] = [:]
    }

    private let state: Mutex<State>
    /// Whether the provider gives the same error under a key again and again.
    let keepsErrors: Bool

    /// Takes the answers to calls; without others, look-ups find nobody to ask.
    init(
        _ steps: [Step], captures: [Step] = [], lookUps: [Step] = [.failure(cannotBeAsked)], keepsErrors: Bool = false
    ) {
        self.keepsErrors = keepsErrors
        state = Mutex(State(steps: [.call: steps, .capture: captures, .lookUp: lookUps]))
    }

    /// Executions and observations.
    var calls: [ProviderCall] { calls(.call) }
    func calls(_ kind: Kind) -> [ProviderCall] { state.withLock { $0.calls[kind] ?? [] } }

    /// Goes through the steps of one call to its end; the last one is repeated.
    func run(_ kind: Kind, _ call: ProviderCall) async throws(ProviderFailure) -> Step {
        state.withLock { $0.calls[kind, default: []].append(call) }
        while true {
            let step: Step? = state.withLock { state in
                let steps = state.steps[kind] ?? []
                if steps.count > 1 { state.steps[kind]?.removeFirst() }
                return steps.first
            }
            switch step {
            case .failure(let failure): throw failure
            case .note(let progress): try await call.note(progress)
            case .run(let action): await action()
            case .some(let step): return step
            case nil: throw Self.mismatch
            }
        }
    }

    static let mismatch = ProviderFailure(
        .requestRefused, mayHaveHadEffect: false, isTransient: false, "the script has no such step")
    static let cannotBeAsked = ProviderFailure(
        .unreachable, mayHaveHadEffect: false, isTransient: true, "nobody answers")
}

/// A provider that does what a script says.
struct ScriptedProvider: PaymentProvider {
    static let description = ProviderDescription(
        name: ProviderName("scripted"), notificationName: "SCRIPTED",
        methods: [
            PaymentMethodDescription(name: "cards", paymentType: "CREDITCARD"),
            PaymentMethodDescription(name: "wallet", paymentType: "WALLET"),
        ],
        operations: [
            OperationDescription(.pay, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.payRecurrent, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.confirm, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.refund, reference: .shopTransactionID, effect: .onceUnprotected),
            OperationDescription(.status, reference: .either, effect: .none),
            OperationDescription(.check, reference: .either, effect: .none),
            OperationDescription(.callback, reference: .callback, effect: .none),
        ],
        settings: [], callbackProof: .none)

    /// How long after a call nothing is known of it.
    static let visibilityLag: Duration = .seconds(3)
    /// How long a key lives.
    static let keyLife: Duration = .seconds(3600)

    let script: Script

    init(_ script: Script) {
        self.script = script
    }

    init(settings: ProviderSettings, transport: any HTTPTransport, clock: WallClock) {
        self.script = Script([])
    }

    func authenticate(_ callback: RawCallback) throws(CallbackRejection) -> CallbackNotice {
        .ignored(reason: "not scripted")
    }

    func execute(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        guard case .answer(let answer) = try await script.run(.call, call) else { throw Script.mismatch }
        return answer
    }

    func observe(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentObservation {
        guard case .observation(let observation) = try await script.run(.call, call) else { throw Script.mismatch }
        return observation
    }

    func observe(
        _ callback: RawCallback, call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentObservation {
        try await observe(call)
    }

    func capture(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        guard case .answer(let answer) = try await script.run(.capture, call) else { throw Script.mismatch }
        return answer
    }

    func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        switch try await script.run(.lookUp, call) {
        case .answer(let answer): return answer
        case .nothing: return nil
        default: throw Script.mismatch
        }
    }

    func recovery(of operation: Operation) -> EffectRecovery {
        if Self.description.operation(operation)?.effect == .onceUnprotected {
            return .lookUp(visibilityLag: Self.visibilityLag)
        }
        return .repeatUnderKey(life: Self.keyLife, keepsErrors: script.keepsErrors)
    }
}
