import Providers
import Shared

/// The client of the bank in one process.
///
/// Sendable: used by its world's thread only.
struct SimulatedProvider: PaymentProvider, @unchecked Sendable {
    static let description = ProviderDescription(
        name: Settings.provider, notificationName: "SIMULATED",
        methods: [PaymentMethodDescription(name: "cards", paymentType: "CREDITCARD")],
        operations: [
            OperationDescription(.pay, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.refund, reference: .either, effect: .onceByKey),
            OperationDescription(.check, reference: .either, effect: .none),
            OperationDescription(.status, reference: .either, effect: .none),
            OperationDescription(.callback, reference: .callback, effect: .none),
        ],
        settings: [], callbackProof: .none)

    let bank: Bank
    let box: WeakBox
    let world: Settings

    init(bank: Bank, box: WeakBox, _ world: Settings) {
        self.bank = bank
        self.box = box
        self.world = world
    }

    init(settings: ProviderSettings, transport: any HTTPTransport, clock: WallClock) {
        let world = Settings(kind: .byKey)
        self.init(bank: Bank(World(seed: 0), world), box: WeakBox(), world)
    }

    private var isAlive: () -> Bool { { [box] in box.process?.isDead == false } }

    func authenticate(_ callback: RawCallback) throws(CallbackRejection) -> CallbackNotice { .ignored(reason: "") }

    func recovery(of operation: Operation) -> EffectRecovery {
        switch world.kind {
        case .byKey: .repeatUnderKey(life: world.keyLife, keepsErrors: world.keepsErrors)
        case .byLookUp: .lookUp(visibilityLag: Settings.visibilityLag)
        }
    }

    private var isKeyed: Bool { world.kind == .byKey }

    func execute(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        try await bank.request(call, isKeyed: isKeyed, isAlive: isAlive) { [bank] in
            call.operation == .refund ? bank.refund(call) : bank.pay(call)
        }
    }

    func capture(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer {
        guard let payment = bank.payments.first(where: { $0.id == call.reference.paymentID }) else {
            throw Bank.refusedConnection
        }
        return try await bank.request(call, isKeyed: isKeyed, isAlive: isAlive) { [bank] in
            bank.capture(payment, call.idempotencyKey)
        }
    }

    func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        try await bank.read(isAlive: isAlive) { [bank] in
            switch call.operation {
            case .refund:
                let refund = bank.refunds.first { $0.key == call.idempotencyKey && bank.isVisible($0.at) }
                return .success(refund.map { .payment(Bank.reply(to: $0, isFound: true)) })
            case .confirm:
                let payment = bank.payments.first { $0.captures.contains(call.idempotencyKey) }
                return .success(
                    payment.map { .payment(PaymentReply(result: .ok, resultDescription: "captured", paymentID: $0.id)) }
                )
            default:
                let payment = bank.payments.first { $0.key == call.idempotencyKey && bank.isVisible($0.createdAt) }
                return .success(payment.map { .payment(Bank.reply(to: $0, isFound: true)) })
            }
        }
    }

    func observe(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentObservation {
        let (paymentID, reference) = (call.reference.paymentID, call.reference.shopTransactionID)
        return try await bank.read(isAlive: isAlive) { [bank] in
            let payment = bank.payments.last { paymentID == nil ? $0.reference == reference : $0.id == paymentID }
            guard let payment else {
                return .failure(
                    ProviderFailure(.unknownTransaction, mayHaveHadEffect: false, isTransient: false, "unknown"))
            }
            return .success(Self.observation(of: payment))
        }
    }

    func observe(
        _ callback: RawCallback, call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentObservation {
        try await observe(call)
    }

    private static func observation(of payment: Bank.Payment) -> PaymentObservation {
        let status: PaymentStatus =
            switch payment.state {
            case "paid": .accepted
            case "refused": .failed
            default: .pending
            }
        var observation = PaymentObservation(
            status: status, resultDescription: payment.state,
            reference: PaymentReference(shopTransactionID: payment.reference, paymentID: payment.id),
            paymentType: "CREDITCARD", amount: Money(minorUnits: 500))
        observation.awaitsCapture = payment.state == "reserved"
        return observation
    }
}
