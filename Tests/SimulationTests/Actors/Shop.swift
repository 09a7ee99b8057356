import Shared

/// The merchants: they pay, repeat what was not answered and what was, refund, check, and keep what they were told.
///
/// Sendable: used by its world's thread only.
final class Shop: SimulatedProcess, @unchecked Sendable {
    /// How asking for something ended.
    private enum Ending {
        case answered(SimulatedIngress.Answer)
        /// The outcome is unknown, and the merchant waits to be told.
        case abandoned
        case givenUp
    }

    private(set) var orders: [Order] = []
    private(set) var told: [Told] = []
    private var bodies: [String: [UInt8]] = [:]
    private var running = 0
    private var calling = 0
    private var tasks: [Task<Void, Never>] = []
    var ingresses: () -> [SimulatedIngress] = { [] }

    var isDone: Bool { running == 0 && calling == 0 }

    /// Opens so many payments more, within a time.
    func open(_ count: Int, within time: Int) {
        for _ in 0..<count {
            let number = orders.count
            orders.append(Order(reference: "order-\(number)", kind: Order.Kind.allCases[world.pick(0...3)]))
            perform(after: world.milliseconds(0...time)) { [self] in await play(number) }
        }
    }

    private func perform(after delay: Duration, _ body: @escaping @Sendable () async -> Void) {
        running += 1
        tasks.append(
            Task(executorPreference: executor) { [self] in
                if await wait(delay) { await body() }
                running -= 1
            })
    }

    // MARK: - Days

    /// Merchants come back to what was done days ago.
    func comeBack() {
        for number in orders.indices where orders[number].abandoned == nil && !orders[number].isGivenUp {
            perform(after: world.milliseconds(0...5000)) { [self] in
                if orders[number].payment != nil, world.chance(0.7) { await payAgain(number) }
                if orders[number].kind == .direct, orders[number].payment != nil, world.chance(0.4) {
                    await refund(number)
                }
                if world.chance(0.3) { _ = await insist(check(of: someReference(number))) }
            }
        }
    }

    /// Asks once more for all that was answered: whoever works now must know it.
    func askForEverythingAgain() {
        for number in orders.indices {
            perform(after: world.milliseconds(0...2000)) { [self] in
                if orders[number].payment != nil { await payAgain(number) }
                for refund in orders[number].refunds where refund.request.key != nil {
                    let age = world.now - refund.askedAt
                    guard let body = refund.body, age < Settings.claimRetention - .seconds(3600) else { continue }
                    guard case .answered(let answer) = await insist(refund.request) else { continue }
                    if answer.body != body { world.violate("\(orders[number].reference): another answer to a refund") }
                }
            }
        }
    }

    // MARK: - A payment

    private func play(_ number: Int) async {
        let isPaid: Bool
        switch orders[number].kind {
        case .direct:
            if world.chance(0.3) {
                async let first = pay(number, "OK-1", expects: "OK")
                async let second = pay(number, "OK-1", expects: "OK")
                let paid = await (first, second)
                isPaid = paid.0 && paid.1
            } else {
                isPaid = await pay(number, "OK-1", expects: "OK")
            }
            guard isPaid else { return }
            for _ in 0..<world.pick(0...2) { await refund(number) }
        case .declinedFirst:
            guard await pay(number, "KO-1", expects: "KO") else { return }
            // What is seen of the refusal comes between it and the next attempt.
            let reference = PaymentReference(shopTransactionID: orders[number].reference)
            if world.chance(0.5) { _ = await insist(check(of: reference)) }
            isPaid = await pay(number, "OK-2", expects: "OK")
        case .page: isPaid = await pay(number, "PAGE-1", expects: "REDIRECT_TO_URL")
        case .hold: isPaid = await pay(number, "HOLD-1", expects: "REDIRECT_TO_URL")
        }
        guard isPaid else { return }
        orders[number].expectsNotification = orders[number].kind == .page || orders[number].kind == .hold
        await lookAfter(number)
    }

    /// What comes after a payment: checks, many at once for some, and the payment once more.
    private func lookAfter(_ number: Int) async {
        if world.chance(0.3) { _ = await insist(check(of: someReference(number))) }
        if world.chance(0.15) {
            for _ in 0..<world.pick(4...10) {
                perform(after: world.milliseconds(0...300)) { [self] in
                    _ = await insist(check(of: someReference(number)))
                }
            }
        }
        guard world.chance(0.35), await wait(world.milliseconds(0...15_000)) else { return }
        await payAgain(number)
    }

    /// By the provider's identifier a check or a refund runs in another lane, and tells the payment's home.
    private func someReference(_ number: Int) -> PaymentReference {
        let reference = orders[number].reference
        let paymentID = orders[number].paymentID ?? told.first { $0.reference == reference }?.paymentID
        if world.chance(0.5), let paymentID { return PaymentReference(paymentID: paymentID) }
        return PaymentReference(shopTransactionID: reference)
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

    /// - Returns: whether there was an answer.
    private func pay(_ number: Int, _ token: String, expects: String) async -> Bool {
        let request = request(number, token, key: world.chance(0.5) ? "key-\(number)-\(token)" : nil)
        switch await insist(request, mayAbandon: world.chance(0.5)) {
        case .answered(let answer):
            note(number, request, answer, expects)
            return true
        case .abandoned: orders[number].abandoned = token
        case .givenUp: orders[number].isGivenUp = true
        }
        return false
    }

    /// The same payment once more, with its key, another or none: the answer is the first one.
    private func payAgain(_ number: Int) async {
        guard let payment = orders[number].payment else { return }
        var request = payment.request
        if world.chance(0.5) { request.key = world.chance(0.5) ? "again-\(world.pick(0...1_000_000))" : nil }
        guard case .answered(let answer) = await insist(request) else { return }
        note(number, request, answer, payment.expected)
    }

    private func note(
        _ number: Int, _ request: SimulatedIngress.Request, _ answer: SimulatedIngress.Answer, _ expected: String
    ) {
        let reference = orders[number].reference
        let reply = try? JSONCoding.decode(PaymentReply.self, from: answer.body)
        let result = reply?.result.rawValue ?? "none"
        orders[number].results.append(result)
        if let paymentID = reply?.paymentID { orders[number].paymentID = paymentID }
        // A page that was lost on the way may be paid by the time that it is found.
        let isPaidMeanwhile = expected == "REDIRECT_TO_URL" && result == "OK"
        guard result == expected || isPaidMeanwhile else {
            return world.violate("\(reference): answered \(result), expected \(expected)")
        }
        let token = request.body["creditCardToken"]?.stringValue ?? ""
        if let known = bodies[reference + token], known != answer.body {
            world.violate("\(reference) \(token): two different answers")
        }
        bodies[reference + token] = answer.body
        if expected != "KO" { orders[number].payment = .init(request: request, expected: expected, body: answer.body) }
    }

    private func refund(_ number: Int) async {
        let index = orders[number].refunds.count
        let reference = someReference(number)
        var body: [String: JSONValue] = ["amount": "1.00"]
        body["shopTransactionID"] = reference.shopTransactionID.map { .string($0) }
        body["paymentID"] = reference.paymentID.map { .string($0) }
        let request = SimulatedIngress.Request(
            operation: .refund, reference: reference, body: body,
            key: world.chance(0.6) ? "refund-\(number)-\(index)" : nil, amount: Money(minorUnits: 100))
        orders[number].refunds.append(.init(request: request, askedAt: world.now))
        guard case .answered(let answer) = await insist(request) else { return }
        let result = (try? JSONCoding.decode(PaymentReply.self, from: answer.body))?.result
        if result == .ok { orders[number].refunds[index].body = answer.body }
        if result != .ok { world.violate("\(orders[number].reference): a refund was answered \(answer.status)") }
    }

    // MARK: - Asking

    /// Asks until there is an answer; what may not be repeated safely is given up.
    private func insist(_ original: SimulatedIngress.Request, mayAbandon: Bool = false) async -> Ending {
        var request = original
        // Nobody knows of a connection that broke, so nobody tells what became of its request.
        var isUnheard = false
        for _ in 0..<settings.triesMax {
            let open = ingresses().filter { !$0.isDead }
            if open.isEmpty {
                guard await wait(.milliseconds(500)) else { return .givenUp }
                continue
            }
            let answer = await open[world.pick(0...(open.count - 1))].ask(request)
            if isDead { return .givenUp }
            switch answer?.status {
            case 200, 202: if let answer { return .answered(answer) }
            case 503, 409: break
            case nil, 502, 504:
                if mayAbandon, !isUnheard, let answer, answer.status == 504, answer.isNoted { return .abandoned }
                isUnheard = isUnheard || answer == nil
                if request.operation == .refund, request.key == nil {
                    // Only who was told the command's id can join it.
                    guard let id = answer?.commandID else { return .givenUp }
                    request.key = id.value
                }
            default:
                world.violate("\(request.operation.rawValue) was answered \(answer?.status ?? 0)")
                return .givenUp
            }
            guard await wait(world.milliseconds(200...3000)) else { return .givenUp }
        }
        if !settings.hasFalseClocks {
            let name = request.reference.shopTransactionID ?? request.reference.paymentID ?? "?"
            world.violate("\(name) \(request.operation.rawValue): never answered")
        }
        return .givenUp
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
            tasks.append(
                Task(executorPreference: executor) { [self] in
                    if await ingress.callBack(reference) {
                        calling -= 1
                    } else {
                        callBack(reference, after: .milliseconds(900), tries: tries - 1)
                    }
                })
        }
    }

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
