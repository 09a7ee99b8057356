import Shared

/// The merchants: they pay, repeat what was not answered, refund, check, and keep what they were told.
///
/// Sendable: used by its world's thread only.
final class Shop: SimulatedProcess, @unchecked Sendable {
    /// How a payment goes.
    enum Kind: CaseIterable, Sendable {
        case direct, declinedFirst, page, hold
    }

    /// What the merchant of one payment knows.
    struct Order {
        var reference: String
        var kind: Kind
        /// Results that it was answered, in order.
        var results: [String] = []
        /// Refunds that it asked for, and whether each was answered as done.
        var refunds: [Bool] = []
        var expectsNotification = false
    }

    /// The first arrival of a notification.
    struct Told: Sendable {
        var webhookID: String
        var reference: String
        var paymentID: String
        var isSuccessful: Bool
    }

    private(set) var orders: [Order] = []
    private(set) var told: [Told] = []
    private var bodies: [String: [UInt8]] = [:]
    private var running = 0
    private var calling = 0
    var ingresses: () -> [SimulatedIngress] = { [] }

    var isDone: Bool { running == 0 && calling == 0 }

    /// Payments whose outcome the merchant must still be told.
    var missing: [String] {
        orders.filter { order in
            order.expectsNotification && !told.contains { $0.reference == order.reference && $0.isSuccessful }
        }.map(\.reference)
    }

    func open(_ count: Int) {
        for number in 0..<count {
            let kind = Kind.allCases[world.pick(0...3)]
            orders.append(Order(reference: "order-\(number)", kind: kind))
            running += 1
        }
        begin { [self] in
            await withDiscardingTaskGroup { tasks in
                for number in 0..<count {
                    tasks.addTask {
                        _ = await self.wait(self.world.milliseconds(0...15_000))
                        await self.play(number)
                        self.running -= 1
                    }
                }
            }
        }
    }

    private func play(_ number: Int) async {
        let reference = orders[number].reference
        switch orders[number].kind {
        case .direct:
            if world.chance(0.3) {
                await payTwiceAtOnce(number, "OK-1")
            } else {
                await pay(number, "OK-1", expects: "OK")
            }
            for _ in 0..<world.pick(0...2) { await refund(number) }
        case .declinedFirst:
            await pay(number, "KO-1", expects: "KO")
            // What is seen of the refusal comes between it and the next attempt.
            if world.chance(0.5) { _ = await insist(check(of: PaymentReference(shopTransactionID: reference))) }
            await pay(number, "OK-2", expects: "OK")
        case .page: await pay(number, "PAGE-1", expects: "REDIRECT_TO_URL")
        case .hold: await pay(number, "HOLD-1", expects: "REDIRECT_TO_URL")
        }
        orders[number].expectsNotification = orders[number].kind == .page || orders[number].kind == .hold
        if world.chance(0.3) {
            var checked = PaymentReference(shopTransactionID: reference)
            // By the provider's identifier it runs in another lane, and tells the payment's home.
            if world.chance(0.5), let told = told.first(where: { $0.reference == reference }) {
                checked = PaymentReference(paymentID: told.paymentID)
            }
            _ = await insist(check(of: checked))
        }
    }

    private func check(of reference: PaymentReference) -> SimulatedIngress.Request {
        SimulatedIngress.Request(operation: .check, reference: reference)
    }

    private func request(_ number: Int, _ token: String, key: String?) -> SimulatedIngress.Request {
        SimulatedIngress.Request(
            operation: .pay, reference: PaymentReference(shopTransactionID: orders[number].reference),
            body: [
                "amount": "5.00", "shopTransactionID": .string(orders[number].reference),
                "creditCardToken": .string(token),
            ], key: key)
    }

    private func pay(_ number: Int, _ token: String, expects: String) async {
        let key = world.chance(0.5) ? "key-\(number)-\(token)" : nil
        guard let answer = await insist(request(number, token, key: key)) else { return }
        note(number, token, answer, expects)
    }

    private func note(_ number: Int, _ token: String, _ answer: SimulatedIngress.Answer, _ expects: String) {
        let reference = orders[number].reference
        let result = (try? JSONCoding.decode(PaymentReply.self, from: answer.body))?.result.rawValue ?? "none"
        orders[number].results.append(result)
        // A page that was lost on the way may be paid by the time that it is found.
        let isPaidMeanwhile = expects == "REDIRECT_TO_URL" && result == "OK"
        if result != expects, !isPaidMeanwhile {
            world.violate("\(reference): answered \(result), expected \(expects)")
        }
        if !isPaidMeanwhile { remember(reference + token, answer) }
    }

    private func payTwiceAtOnce(_ number: Int, _ token: String) async {
        async let first: Void = pay(number, token, expects: "OK")
        async let second: Void = pay(number, token, expects: "OK")
        _ = await (first, second)
    }

    private func refund(_ number: Int) async {
        let index = orders[number].refunds.count
        orders[number].refunds.append(false)
        let hasKey = world.chance(0.6)
        let request = SimulatedIngress.Request(
            operation: .refund, reference: PaymentReference(shopTransactionID: orders[number].reference),
            body: ["amount": "1.00", "shopTransactionID": .string(orders[number].reference)],
            key: hasKey ? "refund-\(number)-\(index)" : nil, amount: Money(minorUnits: 100))
        guard let answer = await insist(request) else { return }
        let result = (try? JSONCoding.decode(PaymentReply.self, from: answer.body))?.result
        orders[number].refunds[index] = result == .ok
        if result != .ok { world.violate("\(orders[number].reference): a refund was answered \(answer.status)") }
    }

    /// Asks until there is an answer; what may not be repeated safely is given up.
    private func insist(_ original: SimulatedIngress.Request) async -> SimulatedIngress.Answer? {
        var request = original
        for _ in 0..<60 {
            let open = ingresses().filter { !$0.isDead }
            if open.isEmpty {
                guard await wait(.milliseconds(500)) else { return nil }
                continue
            }
            let answer = await open[world.pick(0...(open.count - 1))].ask(request)
            if isDead { return nil }
            switch answer?.status {
            case 200, 202: return answer
            case 503, 409: break
            case nil, 502, 504:
                let isSafe = request.operation != .refund || request.key != nil
                if !isSafe {
                    // Only who was told the command's id can join it.
                    guard let id = answer?.commandID else { return nil }
                    request.key = id.value
                }
            default:
                world.violate("\(request.operation.rawValue) was answered \(answer?.status ?? 0)")
                return nil
            }
            guard await wait(world.milliseconds(200...3000)) else { return nil }
        }
        world.violate("\(request.reference.shopTransactionID ?? "?") \(request.operation.rawValue): never answered")
        return nil
    }

    private func remember(_ name: String, _ answer: SimulatedIngress.Answer) {
        if let known = bodies[name], known != answer.body { world.violate("\(name): two different answers") }
        bodies[name] = answer.body
    }

    // MARK: - What comes from outside

    /// The provider calls back: one to three times, late, in any order, until it is taken.
    func decided(_ payment: Bank.Payment) {
        let reference = PaymentReference(shopTransactionID: payment.reference, paymentID: payment.id)
        for _ in 0..<world.pick(1...3) {
            calling += 1
            callBack(reference, after: world.milliseconds(5...4000), tries: 40)
        }
    }

    private func callBack(_ reference: PaymentReference, after delay: Duration, tries: Int) {
        world.after(delay) { [self] in
            let open = ingresses().filter { !$0.isDead }
            guard !isDead, tries > 0 else {
                calling -= 1
                return
            }
            guard !open.isEmpty else { return callBack(reference, after: .milliseconds(700), tries: tries - 1) }
            let ingress = open[world.pick(0...(open.count - 1))]
            deliveries.append(
                Task(executorPreference: executor) { [self] in
                    if await ingress.callBack(reference) {
                        calling -= 1
                    } else {
                        callBack(reference, after: .milliseconds(900), tries: tries - 1)
                    }
                })
        }
    }

    private var deliveries: [Task<Void, Never>] = []

    /// A notification arrives.
    func received(_ webhookID: String, _ body: [UInt8]) {
        guard let message = try? JSONCoding.decode(MerchantNotification.self, from: body) else {
            return world.violate("a notification cannot be read")
        }
        if let known = told.first(where: { $0.webhookID == webhookID }) {
            if known.isSuccessful != message.isSuccessful { world.violate("one webhook-id, two outcomes") }
            return
        }
        told.append(
            Told(
                webhookID: webhookID, reference: message.shopTransactionID, paymentID: message.paymentID,
                isSuccessful: message.isSuccessful))
    }
}
