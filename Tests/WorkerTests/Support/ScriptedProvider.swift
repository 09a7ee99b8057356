import Providers
import Shared
import Synchronization

/// Answers of a provider in the order in which they are given, and the calls that got them.
final class Script: Sendable {
    enum Step: Sendable {
        case answer(ProviderAnswer)
        case observation(PaymentObservation)
        case failure(ProviderFailure)
    }

    private struct State {
        var steps: [Step]
        var calls: [ProviderCall] = []
    }

    private let state: Mutex<State>

    init(_ steps: [Step]) {
        state = Mutex(State(steps: steps))
    }

    var calls: [ProviderCall] { state.withLock { $0.calls } }

    /// The next step; the last one is repeated.
    func next(_ call: ProviderCall) throws(ProviderFailure) -> Step {
        let step: Step? = state.withLock { state in
            state.calls.append(call)
            return state.steps.count > 1 ? state.steps.removeFirst() : state.steps.first
        }
        switch step {
        case .failure(let failure): throw failure
        case .some(let step): return step
        case nil: throw Self.mismatch
        }
    }

    static let mismatch = ProviderFailure(
        .requestRefused, mayHaveHadEffect: false, isTransient: false, "the script has no such step")
}

/// A provider that does what a script says.
struct ScriptedProvider: PaymentProvider {
    static let description = ProviderDescription(
        name: ProviderName("scripted"), notificationName: "SCRIPTED",
        methods: [PaymentMethodDescription(name: "cards", paymentType: "CREDITCARD")],
        operations: [
            OperationDescription(.pay, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.refund, reference: .shopTransactionID, effect: .onceUnprotected),
            OperationDescription(.status, reference: .either, effect: .none),
            OperationDescription(.check, reference: .either, effect: .none),
            OperationDescription(.callback, reference: .callback, effect: .none),
        ],
        settings: [], callbackProof: .none)

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
        guard case .answer(let answer) = try script.next(call) else { throw Script.mismatch }
        return answer
    }

    func observe(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentObservation {
        guard case .observation(let observation) = try script.next(call) else { throw Script.mismatch }
        return observation
    }

    func observe(
        _ callback: RawCallback, call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentObservation {
        try await observe(call)
    }

    func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? { nil }
}
