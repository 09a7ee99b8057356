import Providers
import Shared
import Testing

@testable import Worker

/// What a caller gets who sends a request again.
struct RepeatedRequestTests {
    private static let paid = Script.Step.answer(.sample(.ok))
    private static let body: [String: JSONValue] = [
        "amount": "5.00", "creditCardToken": "tok-1", "products": [["id": "a", "quantity": 1]],
    ]

    private static func pay(_ changes: [String: JSONValue] = [:]) -> Command {
        Workshop.with(body.merging(changes) { $1 }, Workshop.command(.pay))
    }

    // MARK: - Payments, with or without a key

    private static let harmlessChanges: [[String: JSONValue]] = [
        [:], ["creditCardToken": "tok-2"], ["successRedirect": "https://shop.invalid/"],
    ]

    @Test(arguments: harmlessChanges)
    func aPaymentMadeAgainGetsTheFirstAnswerWhateverItsToken(changes: [String: JSONValue]) async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        #expect(await workshop.process(try workshop.message(Self.pay()), script) == .done)
        #expect(await workshop.process(try workshop.message(Self.pay(changes)), script) == .done)
        #expect(script.calls.count == 1)
        let replies = try workshop.replies()
        #expect(replies.map(\.statusCode) == [200, 200])
        #expect(replies.map(\.isReplayed) == [false, true])
        #expect(replies[0].body == replies[1].body)
        #expect(try await workshop.payment()?.attemptNumber == 1)
    }

    @Test(arguments: ["amount", "paymentMethod", "operation", "products"])
    func aPaymentWithOtherContentIsRefusedAndNothingIsCalled(field: String) async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        #expect(await workshop.process(try workshop.message(Self.pay()), script) == .done)
        var other = Self.pay(field == "products" ? ["products": [["id": "a", "quantity": 2]]] : [:])
        switch field {
        case "amount": other.amount = Money(minorUnits: 700)
        case "paymentMethod": other.paymentMethod = "wallet"
        case "operation": other.operation = .payRecurrent
        default: break
        }
        #expect(await workshop.process(try workshop.message(other), script) == .done)
        #expect(script.calls.count == 1)
        let reply = try #require(try workshop.replies().last)
        let error = try Workshop.error(reply)
        #expect(reply.statusCode == 422)
        #expect(error.code == .paymentMismatch)
        #expect(error.details?.map(\.field) == [field])
        #expect(error.requestId == other.id.value)
        #expect(try workshop.results().map(\.outcome) == ["OK", "PAYMENT_MISMATCH"])
    }

    @Test func afterARefusalThePaymentIsTriedAgainUnderTheNextNumberAndAnotherProviderKey() async throws {
        let workshop = Workshop()
        let script = Script([.answer(.sample(.ko, paymentID: nil)), Self.paid])
        let (first, second) = (Self.pay(), Self.pay())
        #expect(await workshop.process(try workshop.message(first), script) == .done)
        #expect(await workshop.process(try workshop.message(second), script) == .done)
        #expect(script.calls.map(\.idempotencyKey) == ["pay-\(first.id)", "pay-\(second.id)"])
        let payment = try #require(try await workshop.payment())
        #expect(payment.attempts.map(\.number) == [1, 2])
        #expect(payment.attempts.map(\.final) == [.failed, .accepted])
        #expect(try workshop.replies().map(\.isReplayed) == [false, false])
        // Redelivered, the first one is answered what it was, and not what came of the second.
        #expect(await workshop.process(try workshop.message(first), Script([])) == .done)
        #expect(try workshop.results().map(\.outcome) == ["KO", "OK", "KO"])
    }

    @Test func aPaymentUnderWayIsClearedUpForWhoeverRepeatsIt() async throws {
        let workshop = Workshop()
        let lost = Script([.failure(.sample(.noAnswer, mayHaveHadEffect: true))])
        let first = Self.pay()
        #expect(await workshop.process(try workshop.message(first), lost) == .done)
        #expect(try workshop.replies().map(\.statusCode) == [504])
        workshop.time.advance(by: .seconds(30))
        var second = Self.pay()
        second.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
        let script = Script([Self.paid])
        #expect(await workshop.process(try workshop.message(second), script) == .done)
        #expect(script.calls.map(\.idempotencyKey) == ["pay-\(first.id)"])
        let reply = try #require(try workshop.replies().last)
        #expect(reply.statusCode == 200)
        #expect(reply.isReplayed)
    }

    // MARK: - Idempotency keys

    @Test func theSameKeyAndBodyGetTheSameAnswer() async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        let commands = (0..<2).map { _ in
            Workshop.claimed(Workshop.with(["amount": "2.00"], Workshop.command(.refund)), key: "once")
        }
        for command in commands {
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(script.calls.count == 1)
        let replies = try workshop.replies()
        #expect(replies.map(\.isReplayed) == [false, true])
        #expect(replies[0].body == replies[1].body)
        #expect(replies.map(\.commandID) == commands.map(\.id))
    }

    @Test func theSameKeyWithAnotherBodyIsRefused() async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        for amount in ["2.00", "3.00"] {
            let body: [String: JSONValue] = ["amount": .string(amount)]
            let command = Workshop.claimed(Workshop.with(body, Workshop.command(.refund)), key: "once")
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(script.calls.count == 1)
        let reply = try #require(try workshop.replies().last)
        #expect(reply.statusCode == 422)
        #expect(try Workshop.error(reply).code == .idempotencyKeyReused)
    }

    @Test(arguments: ["key", "caller", "payment"])
    func anotherScopeIsAnotherKey(differing: String) async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        let first = Workshop.claimed(Workshop.command(.refund), key: "once")
        let second = Workshop.claimed(
            Workshop.command(.refund, shopTransactionID: differing == "payment" ? "order-2" : "order-1"),
            key: differing == "key" ? "twice" : "once", caller: differing == "caller" ? "other" : "shop")
        for command in [first, second] {
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(script.calls.count == 2)
        #expect(try workshop.replies().map(\.isReplayed) == [false, false])
    }

    @Test func aRequestThatWasNotExecutedRunsAgainUnderItsKey() async throws {
        let workshop = Workshop()
        let unreachable = ProviderFailure.sample(.unreachable, mayHaveHadEffect: false, isTransient: false)
        let script = Script([.failure(unreachable), Self.paid])
        let commands = (0..<3).map { _ in Workshop.claimed(Workshop.command(.refund), key: "once") }
        for command in commands {
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(script.calls.count == 2)
        #expect(try workshop.replies().map(\.statusCode) == [503, 200, 200])
        #expect(try workshop.replies().map(\.isReplayed) == [false, false, true])
    }

    @Test func whileTheFirstIsUnknownARepeatUnderItsKeyIsAConflictAndNeverASecondCall() async throws {
        let workshop = Workshop()
        let script = Script([.failure(.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false))])
        let first = Workshop.claimed(Workshop.command(.refund), key: "once")
        #expect(await workshop.process(try workshop.message(first), script) == .done)
        workshop.time.advance(by: .seconds(30))
        var second = Workshop.claimed(Workshop.command(.refund), key: "once")
        second.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
        #expect(await workshop.process(try workshop.message(second), script) == .done)
        #expect(script.calls.count == 1)
        #expect(try workshop.replies().map(\.statusCode) == [504, 409])
        #expect(try workshop.replies().last?.retryAfterSeconds == 1)
        #expect(try Workshop.error(try workshop.replies().last).commandID == first.id)
    }

    @Test func theFirstRequestUnderAKeyIsNeverInConflictWithItself() async throws {
        let workshop = Workshop()
        let lost = Script.Step.failure(.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false))
        let first = Workshop.claimed(Workshop.command(.refund), key: "once")
        let message = try workshop.message(first)
        #expect(await workshop.process(message, Script([lost])) == .done)
        // Delivered again, as after a crash.
        #expect(await workshop.process(message, Script([])) == .done)
        #expect(try workshop.replies().map(\.statusCode) == [504, 504])
        #expect(try Workshop.error(try workshop.replies().last).commandID == first.id)
    }

    @Test func aPaymentMadeAgainWhileTheFirstIsUnknownIsToldWhichCommandThatWas() async throws {
        let workshop = Workshop()
        let lost = Script.Step.failure(.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false))
        let (first, second) = (Self.pay(), Self.pay())
        for command in [first, second] {
            #expect(await workshop.process(try workshop.message(command), Script([lost])) == .done)
        }
        #expect(try workshop.replies().map(\.statusCode) == [504, 504])
        #expect(try workshop.replies().map(\.commandID) == [first.id, second.id])
        let errors = try workshop.replies().map { try Workshop.error($0) }
        #expect(errors.map(\.commandID) == [first.id, first.id])
    }

    @Test(arguments: [Shared.Operation.refund, .pay])
    func aSuccessorKnowsTheKey(operation: Shared.Operation) async throws {
        let workshop = Workshop()
        let first = Workshop.claimed(Workshop.command(operation), key: "once")
        #expect(await workshop.process(try workshop.message(first), Script([Self.paid])) == .done)
        let successor = workshop.successor()
        let untouched = Script([])
        let second = Workshop.claimed(Workshop.command(operation), key: "once")
        #expect(await successor.process(try successor.message(second), untouched) == .done)
        #expect(untouched.calls.isEmpty)
        #expect(try workshop.replies().map(\.isReplayed) == [false, true])
    }

    @Test func aKeyIsForgottenByWhoReadsTheLogAfterItsTime() async throws {
        let workshop = Workshop()
        let first = Workshop.claimed(Workshop.command(.refund), key: "once")
        #expect(await workshop.process(try workshop.message(first), Script([Self.paid])) == .done)
        workshop.time.shiftClock(by: .milliseconds(ClaimTable.lifeMilliseconds + 1))
        let successor = workshop.successor()
        var second = Workshop.claimed(Workshop.command(.refund), key: "once")
        second.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
        let script = Script([Self.paid])
        #expect(await successor.process(try successor.message(second), script) == .done)
        #expect(script.calls.count == 1)
    }

    @Test func aPaymentsKeysOfAllItsAttemptsLeadToIt() async throws {
        let workshop = Workshop()
        let commands = ["one", "two"].map { Workshop.claimed(Self.pay(), key: $0) }
        let script = Script([.answer(.sample(.ko, paymentID: nil)), Self.paid])
        for command in commands { #expect(await workshop.process(try workshop.message(command), script) == .done) }
        let mark = try #require(try workshop.records(of: .payment("order-1")).last?.mark)
        #expect(mark.claims == commands.compactMap { $0.claim?.keyHash.flatMap(JournalClaim.init(keyHash:)) })
        // A key leads to its own attempt, whatever came of the payment later.
        let again = Workshop.claimed(Self.pay(), key: "one")
        #expect(await workshop.process(try workshop.message(again), Script([])) == .done)
        #expect(try workshop.results().map(\.outcome) == ["KO", "OK", "KO"])
    }

    // MARK: - Joining a command by its id

    @Test(arguments: [Shared.Operation.refund, .pay])
    func whoNamesAnEarlierCommandJoinsIt(operation: Shared.Operation) async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        let first = Workshop.claimed(Workshop.command(operation), key: "first")
        let second = Workshop.claimed(Workshop.command(operation), key: first.id.value)
        #expect(second.claim?.joins == first.id)
        for command in [first, second] {
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(script.calls.count == 1)
        #expect(try workshop.replies().map(\.isReplayed) == [false, true])
    }

    @Test func theCommandOfAnotherCallerIsNotJoined() async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        let first = Workshop.claimed(Workshop.command(.refund), key: "first", caller: "other")
        let second = Workshop.claimed(Workshop.command(.refund), key: first.id.value)
        for command in [first, second] {
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(script.calls.count == 2)
        #expect(try workshop.replies().map(\.isReplayed) == [false, false])
    }

    @Test func aJoinedCommandWithAnotherBodyIsRefused() async throws {
        let workshop = Workshop()
        let script = Script([Self.paid])
        let first = Workshop.claimed(Workshop.command(.refund), key: "first")
        let second = Workshop.claimed(
            Workshop.with(["amount": "9.00"], Workshop.command(.refund)), key: first.id.value)
        for command in [first, second] {
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(script.calls.count == 1)
        #expect(try Workshop.error(try workshop.replies().last).code == .idempotencyKeyReused)
    }
}
