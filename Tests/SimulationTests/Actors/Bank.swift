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
        let key: String
        let createdAt: Duration
        /// `page`, `paid`, `refused`, `reserved`.
        var state: String
        var captures: [String] = []

        init(id: String, reference: String, key: String, createdAt: Duration, state: String) {
            self.id = id
            self.reference = reference
            self.key = key
            self.createdAt = createdAt
            self.state = state
        }

        var isCharged: Bool { state == "paid" }
    }

    struct Refund {
        let reference: String
        let key: String
        let at: Duration
    }

    private unowned let world: World
    private(set) var payments: [Payment] = []
    private(set) var refunds: [Refund] = []
    /// First answers by key, of providers that know keys; `nil` while the call is under way.
    private var answers: [String: ProviderAnswer?] = [:]
    /// Told when the buyer has decided.
    var onDecided: (Payment) -> Void = { _ in }
    /// Whether the network to the provider is as bad as it gets.
    var troubleUntil: Duration = .zero

    init(_ world: World) { self.world = world }

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
        let fate = world.pick(0...(isTroubled ? 5 : 60))
        let answered = Once(done)
        if fate == 0 {
            return world.after(world.milliseconds(1...50)) { answered.call(.failure(Self.refusedConnection)) }
        }
        world.after(call.timeout) { answered.call(.failure(Self.noAnswer)) }
        if fate == 1 { return }
        // A slow one arrives before its caller gives up, and is answered to nobody.
        let isSlow = fate == 2
        let travel = isSlow ? call.timeout * 9 / 10 : world.milliseconds(3...400)
        world.after(min(travel, call.timeout)) { [self] in
            if isKeyed, let known = answers[call.idempotencyKey] {
                let replayed: Result<ProviderAnswer, ProviderFailure> =
                    known.map { .success($0) } ?? .failure(Self.stillRunning)
                return world.after(.milliseconds(5)) { answered.call(replayed) }
            }
            if isKeyed { answers[call.idempotencyKey] = .some(nil) }
            world.after(world.milliseconds(1...60)) { [self] in
                let answer = effect()
                if isKeyed { answers[call.idempotencyKey] = .some(answer) }
                if isSlow || fate == 3 { return }
                world.after(world.milliseconds(1...100)) { answered.call(.success(answer)) }
            }
        }
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

    // MARK: - Effects

    func pay(_ call: ProviderCall) -> ProviderAnswer {
        let token = call.body["creditCardToken"]?.stringValue ?? ""
        let state =
            token.hasPrefix("KO")
            ? "refused" : token.hasPrefix("PAGE") ? "page" : token.hasPrefix("HOLD") ? "page" : "paid"
        let payment = Payment(
            id: "pay-\(payments.count + 1)", reference: call.reference.shopTransactionID ?? "",
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

    func refund(_ call: ProviderCall) -> ProviderAnswer {
        refunds.append(
            Refund(reference: call.reference.shopTransactionID ?? "", key: call.idempotencyKey, at: world.now))
        return .payment(PaymentReply(result: .ok, resultDescription: "refunded"))
    }

    func capture(_ payment: Payment, _ key: String) -> ProviderAnswer {
        payment.captures.append(key)
        payment.state = "paid"
        return .payment(PaymentReply(result: .ok, resultDescription: "captured", paymentID: payment.id))
    }

    static func reply(to payment: Payment) -> PaymentReply {
        switch payment.state {
        case "refused": PaymentReply(result: .ko, resultDescription: "refused", paymentID: payment.id)
        case "paid" where payment.captures.isEmpty:
            PaymentReply(result: .ok, resultDescription: "paid", paymentID: payment.id)
        default:
            PaymentReply(
                result: .redirectToURL, resultDescription: "page", paymentID: payment.id,
                redirectToUrl: "http://page.example/\(payment.id)")
        }
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
