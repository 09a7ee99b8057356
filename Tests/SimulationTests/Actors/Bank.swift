import Providers
import Shared

/// The provider's side: accounts, and a network that loses requests and answers.
///
/// Sendable: used by its world's thread only.
final class Bank: @unchecked Sendable {
    /// A payment as the provider keeps it.
    final class Payment {
        let id: String
        let reference: String
        let token: String
        let key: String
        let createdAt: Duration
        /// `page`, `paid`, `refused`, `reserved`.
        var state: String
        var captures: [String] = []

        init(id: String, reference: String, token: String, key: String, createdAt: Duration, state: String) {
            self.id = id
            self.reference = reference
            self.token = token
            self.key = key
            self.createdAt = createdAt
            self.state = state
        }

        var isCharged: Bool { state == "paid" }
    }

    struct Refund {
        let reference: String
        let paymentID: String
        let key: String
        let at: Duration
    }

    /// What is kept under a key.
    private struct Kept {
        /// `nil` while the call is under way.
        var answer: Result<ProviderAnswer, ProviderFailure>?
        let at: Duration
    }

    private unowned let world: World
    private let settings: Settings
    private(set) var payments: [Payment] = []
    private(set) var refunds: [Refund] = []
    /// First answers by key, of providers that know keys.
    private var kept: [String: Kept] = [:]
    /// Told when the buyer has decided.
    var onDecided: (Payment) -> Void = { _ in }
    /// Told when a call begins that will take longer than anybody waits for it.
    var onSlow: () -> Void = {}
    /// Until when the network to the provider is as bad as it gets.
    var troubleUntil: Duration = .zero

    init(_ world: World, _ settings: Settings) {
        self.world = world
        self.settings = settings
    }

    /// Charges of a reference, each a payment that was taken.
    func charges(of reference: String) -> Int { payments.count { $0.reference == reference && $0.isCharged } }

    // MARK: - Requests

    /// A request with an effect, over a network on which anything may happen.
    func request(
        _ call: ProviderCall, isKeyed: Bool, isAlive: @escaping () -> Bool,
        _ effect: @escaping () -> ProviderAnswer
    ) async throws(ProviderFailure) -> ProviderAnswer {
        guard isAlive(), call.timeout > .zero else { throw Self.refusedConnection }
        let result: Result<ProviderAnswer, ProviderFailure> = await withUnsafeContinuation { continuation in
            send(call, isKeyed, effect) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    private func send(
        _ call: ProviderCall, _ isKeyed: Bool, _ effect: @escaping () -> ProviderAnswer,
        _ done: @escaping (Result<ProviderAnswer, ProviderFailure>) -> Void
    ) {
        let isTroubled = world.now < troubleUntil
        let fate = world.pick(0...(isTroubled ? 6 : 60))
        let answered = Once(done)
        if fate == 0 {
            return world.after(world.milliseconds(1...50)) { answered.call(.failure(Self.refusedConnection)) }
        }
        world.after(call.timeout) { answered.call(.failure(Self.noAnswer)) }
        if fate == 1 { return }
        // A slow one arrives before its caller gives up, and is answered to nobody.
        let isLost = fate == 2
        let travel = isLost ? call.timeout * 9 / 10 : world.milliseconds(3...400)
        world.after(min(travel, call.timeout)) { [self] in
            let key = call.idempotencyKey
            if isKeyed, let known = known(key) {
                let replayed = known.answer ?? .failure(Self.stillRunning)
                return world.after(.milliseconds(5)) { answered.call(replayed) }
            }
            if isKeyed { kept[key] = Kept(answer: nil, at: world.now) }
            // Who can only be asked has done it, or will not, when the caller gives up.
            let times = times(isTroubled, effectMax: isKeyed ? .seconds(60) : call.timeout - travel)
            world.after(times.effect) { [self] in
                let result = perform(effect, fate, isKeyed)
                if isKeyed { kept[key]?.answer = result }
                if isLost || fate == 3 { return }
                world.after(times.answer) { answered.call(result) }
            }
        }
    }

    /// How long the effect takes, and then its answer.
    private func times(_ isTroubled: Bool, effectMax: Duration) -> (effect: Duration, answer: Duration) {
        guard settings.isSlow, world.chance(isTroubled ? 0.5 : 0.25) else {
            return (world.milliseconds(1...60), world.milliseconds(1...100))
        }
        onSlow()
        let time = world.milliseconds(4000...15_000)
        let isSlowEffect = world.chance(0.5)
        return isSlowEffect ? (min(time, max(.zero, effectMax)), .milliseconds(5)) : (.milliseconds(5), time)
    }

    private func perform(
        _ effect: () -> ProviderAnswer, _ fate: Int, _ isKeyed: Bool
    ) -> Result<ProviderAnswer, ProviderFailure> {
        // An error of the provider's own says nothing about what it has done.
        guard settings.keepsErrors, isKeyed, fate == 4 || fate == 5 else { return .success(effect()) }
        if fate == 4 { _ = effect() }
        return .failure(Self.ownError)
    }

    private func known(_ key: String) -> Kept? {
        let life = settings.keyLife + Settings.keyLifeMargin
        return kept[key].flatMap { world.now - $0.at < life ? $0 : nil }
    }

    /// A request that only reads.
    func read<Value>(
        isAlive: @escaping () -> Bool, _ body: @escaping () -> Result<Value, ProviderFailure>
    ) async throws(ProviderFailure) -> Value {
        guard isAlive() else { throw Self.refusedConnection }
        let fails = world.chance(world.now < troubleUntil ? 0.4 : 0.03)
        let result: Result<Value, ProviderFailure> = await withUnsafeContinuation { continuation in
            world.after(world.milliseconds(3...200)) {
                continuation.resume(returning: fails ? .failure(Self.refusedConnection) : body())
            }
        }
        return try result.get()
    }

    static let refusedConnection = ProviderFailure(
        .unreachable, mayHaveHadEffect: false, isTransient: true, "no connection")
    static let noAnswer = ProviderFailure(.noAnswer, mayHaveHadEffect: true, isTransient: true, "no answer")
    static let stillRunning = ProviderFailure(.stillRunning, mayHaveHadEffect: true, isTransient: true, "still running")
    static let ownError = ProviderFailure(.providerError, mayHaveHadEffect: true, isTransient: true, "internal error")

    // MARK: - Effects

    func pay(_ call: ProviderCall) -> ProviderAnswer {
        let token = call.body["creditCardToken"]?.stringValue ?? ""
        let state =
            token.hasPrefix("KO")
            ? "refused" : token.hasPrefix("PAGE") ? "page" : token.hasPrefix("HOLD") ? "page" : "paid"
        let payment = Payment(
            id: "pay-\(payments.count + 1)", reference: call.reference.shopTransactionID ?? "", token: token,
            key: call.idempotencyKey, createdAt: world.now, state: state)
        payments.append(payment)
        if state == "page" { decideLater(payment, holds: token.hasPrefix("HOLD")) }
        return .payment(Self.reply(to: payment))
    }

    private func decideLater(_ payment: Payment, holds: Bool) {
        world.after(world.milliseconds(200...9000)) { [self] in
            payment.state = holds ? "reserved" : "paid"
            onDecided(payment)
        }
    }

    /// Gives money back; the payment is named by either identifier.
    func refund(_ call: ProviderCall) -> ProviderAnswer {
        let payment = payments.first { payment in
            call.reference.paymentID.map { payment.id == $0 }
                ?? (payment.reference == call.reference.shopTransactionID && payment.isCharged)
        }
        let refund = Refund(
            reference: payment?.reference ?? "", paymentID: payment?.id ?? "", key: call.idempotencyKey, at: world.now)
        refunds.append(refund)
        return .payment(Self.reply(to: refund))
    }

    func capture(_ payment: Payment, _ key: String) -> ProviderAnswer {
        payment.captures.append(key)
        payment.state = "paid"
        return .payment(PaymentReply(result: .ok, resultDescription: "captured", paymentID: payment.id))
    }

    /// - Parameter isFound: whether it is the answer to a look-up, which words it in its own way.
    static func reply(to payment: Payment, isFound: Bool = false) -> PaymentReply {
        let found = isFound ? "found to be " : ""
        return switch payment.state {
        case "refused": PaymentReply(result: .ko, resultDescription: found + "refused", paymentID: payment.id)
        case "paid" where payment.captures.isEmpty:
            PaymentReply(result: .ok, resultDescription: found + "paid", paymentID: payment.id)
        default:
            PaymentReply(
                result: .redirectToURL, resultDescription: "page", paymentID: payment.id,
                redirectToUrl: "http://page.example/\(payment.id)")
        }
    }

    static func reply(to refund: Refund, isFound: Bool = false) -> PaymentReply {
        var reply = PaymentReply(
            result: .ok, resultDescription: isFound ? "found to be refunded" : "refunded", paymentID: refund.paymentID)
        reply.shopTransactionID = refund.reference
        return reply
    }

    /// Whether a look-up finds what happened at a time: what the provider states leaves it time to work on a request
    /// whose caller has given up.
    func isVisible(_ at: Duration) -> Bool { world.now - at >= Settings.visibilityLag - .milliseconds(500) }

    /// Sendable: used by its world's thread only.
    private final class Once: @unchecked Sendable {
        private var done: ((Result<ProviderAnswer, ProviderFailure>) -> Void)?

        init(_ done: @escaping (Result<ProviderAnswer, ProviderFailure>) -> Void) { self.done = done }

        func call(_ result: Result<ProviderAnswer, ProviderFailure>) {
            let first = done
            done = nil
            first?(result)
        }
    }
}
