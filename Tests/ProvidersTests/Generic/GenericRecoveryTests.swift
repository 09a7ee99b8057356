import Shared
import Testing

@testable import Providers

/// Calls of the demonstration provider whose answer was lost, cleared up in both of its ways.
@Suite struct GenericRecoveryTests {
    typealias Gateway = SimulatedGateway<GenericProvider>

    /// An operation that changes something, ready to be called.
    struct Effect: Sendable, CustomTestStringConvertible {
        var name: String
        var operation: Shared.Operation
        /// Prepares the simulator and gives the request's body.
        var body: @Sendable (Gateway) async throws -> String
        /// Whether a call that was made leaves nothing to look up.
        var isForgettable = false
        var testDescription: String { name }
    }

    static let modes = GenericRecovery.allCases

    private static func gateway(_ mode: GenericRecovery = .lookUp) throws -> Gateway {
        try Gateway(.generic(), settings: ["GENERIC_PROVIDER_RECOVERY": mode.rawValue])
    }

    private static func pay(_ gateway: Gateway, token: String = "CARD", shop: String = "A") async throws -> String {
        let body = "{\"amount\":\"5.00\",\"shopTransactionID\":\"\(shop)\",\"creditCardToken\":\"\(token)\"}"
        return try #require(try await gateway.reply(.pay, body).paymentID)
    }

    private static func reserve(_ gateway: Gateway) async throws -> String {
        let paymentID = try await pay(gateway, token: "PREAUTH")
        try #require(gateway.wire.press(paymentID, "pay"))
        return paymentID
    }

    private static func authorisedSession(_ gateway: Gateway) async throws -> String {
        let body = #"{"amount":"5.00","currency":"EUR","shopTransactionID":"A"}"#
        let token = try #require(try await gateway.object(.sessionOpen, body)["sessionToken"]?.stringValue)
        try #require(gateway.wire.press(token, "pay"))
        return "{\"amount\":\"5.00\",\"currency\":\"EUR\",\"shopTransactionID\":\"A\",\"sessionToken\":\"\(token)\"}"
    }

    static let effects: [Effect] = [
        Effect(name: "pay", operation: .pay) { _ in
            #"{"amount":"5.00","shopTransactionID":"A","creditCardToken":"OK-1"}"#
        },
        Effect(name: "pay that waits for the buyer", operation: .pay) { _ in
            #"{"amount":"5.00","shopTransactionID":"A","creditCardToken":"CARD"}"#
        },
        Effect(name: "pay that is declined", operation: .pay) { _ in
            #"{"amount":"5.00","shopTransactionID":"A","creditCardToken":"KO-1"}"#
        },
        Effect(name: "first instalment", operation: .payRecurrent) { _ in
            """
            {"amount":"5.00","shopTransactionID":"A","creditCardToken":"OK",
            "recurrenceDetails":{"isFirstInstallment":true}}
            """
        },
        Effect(name: "confirm by paymentID", operation: .confirm) {
            "{\"amount\":\"5.00\",\"paymentID\":\"\(try await reserve($0))\"}"
        },
        Effect(name: "confirm by shopTransactionID", operation: .confirm) {
            _ = try await reserve($0)
            return #"{"amount":"5.00","shopTransactionID":"A"}"#
        },
        Effect(name: "refund by paymentID", operation: .refund) {
            "{\"amount\":\"2.00\",\"paymentID\":\"\(try await pay($0, token: "OK"))\"}"
        },
        Effect(name: "refund by shopTransactionID", operation: .refund) {
            _ = try await pay($0, token: "OK")
            return #"{"amount":"2.00","shopTransactionID":"A"}"#
        },
        Effect(name: "expire", operation: .payExpire) { "{\"paymentID\":\"\(try await pay($0))\"}" },
        Effect(name: "end of a series", operation: .payRecurrentExpire) {
            "{\"paymentID\":\"\(try await pay($0))\",\"cancelType\":\"now\"}"
        },
        Effect(
            name: "session/open", operation: .sessionOpen,
            body: { _ in #"{"amount":"5.00","currency":"EUR","shopTransactionID":"A"}"# }, isForgettable: true),
        Effect(name: "session/confirm", operation: .sessionConfirm) { try await authorisedSession($0) },
        Effect(name: "session/void", operation: .sessionVoid) { try await authorisedSession($0) },
        Effect(name: "session/refund", operation: .sessionRefund) {
            let body = try await authorisedSession($0)
            _ = try await $0.object(.sessionConfirm, body)
            return body
        },
    ]

    @Test func everyOperationThatChangesSomethingIsTried() {
        let changing = GenericProvider.description.operations.filter { $0.effect != .none }.map(\.operation)
        #expect(Set(Self.effects.map(\.operation)) == Set(changing))
    }

    @Test(arguments: effects, modes)
    func aLostRequestIsKnownNotToHaveArrivedAndIsMadeAnew(effect: Effect, mode: GenericRecovery) async throws {
        let gateway = try Self.gateway(mode)
        let call = try await lost(.request, effect, gateway)
        #expect(try await gateway.provider.reconcile(call) == nil)
        #expect(gateway.line.take().allSatisfy { $0.method == "GET" })
        let anew = try await gateway.provider.execute(call)
        #expect(anew.outcome != nil)
        if !effect.isForgettable { #expect(try await gateway.provider.reconcile(call)?.outcome == anew.outcome) }
        #expect((gateway.wire.account("A").timesCharged ?? 0) <= 1)
    }

    @Test(arguments: effects, modes)
    func theEffectOfALostAnswerIsFoundAndNotMadeAgain(effect: Effect, mode: GenericRecovery) async throws {
        let clean = try Self.gateway(mode)
        let expected = try await clean.provider.execute(Gateway.call(effect.operation, effect.body(clean)))
        let gateway = try Self.gateway(mode)
        let call = try await lost(.answer, effect, gateway)
        let found = try await gateway.provider.reconcile(call)
        #expect(found?.outcome == (effect.isForgettable ? nil : expected.outcome))
        #expect(gateway.line.take().allSatisfy { $0.method == "GET" })
        #expect(gateway.wire.account("A") == clean.wire.account("A"))
        if mode == .key {
            #expect(try await gateway.provider.execute(call).outcome == expected.outcome)
            #expect(gateway.wire.account("A") == clean.wire.account("A"))
        }
    }

    private func lost(
        _ loss: SimulatedTransport.Loss, _ effect: Effect, _ gateway: Gateway
    ) async throws -> ProviderCall {
        let call = try Gateway.call(effect.operation, try await effect.body(gateway))
        gateway.line.lose(loss)
        let failure = await FailureShape.of { () throws(ProviderFailure) in try await gateway.provider.execute(call) }
        try #require(failure == FailureShape(.noAnswer, effect: true, transient: true))
        _ = gateway.line.take()
        return call
    }

    @Test(arguments: modes)
    func aSecondAttemptIsNotTakenForTheDeclinedFirst(mode: GenericRecovery) async throws {
        let gateway = try Self.gateway(mode)
        let body = { (token: String) in
            "{\"amount\":\"5.00\",\"shopTransactionID\":\"A\",\"creditCardToken\":\"\(token)\"}"
        }
        let first = try Gateway.call(.pay, body("KO-1"))
        let declined = try #require(try await gateway.provider.execute(first).reply)
        let second = try Gateway.call(.pay, body("OK-1"))
        #expect(try await gateway.provider.reconcile(second) == nil)
        gateway.line.lose(.answer)
        _ = await FailureShape.of { () throws(ProviderFailure) in try await gateway.provider.execute(second) }
        let found = try #require(try await gateway.provider.reconcile(second)?.reply)
        #expect(found.result == .ok)
        #expect(found.paymentID != declined.paymentID)
        #expect(try await gateway.provider.reconcile(first)?.reply == declined)
    }

    @Test(arguments: modes)
    func twoRefundsOfEqualAmountAreTold(mode: GenericRecovery) async throws {
        let gateway = try Self.gateway(mode)
        let body = "{\"amount\":\"2.00\",\"paymentID\":\"\(try await Self.pay(gateway, token: "OK"))\"}"
        let (first, second) = (try Gateway.call(.refund, body), try Gateway.call(.refund, body))
        _ = try await gateway.provider.execute(first)
        #expect(try await gateway.provider.reconcile(second) == nil)
        gateway.line.lose(.answer)
        _ = await FailureShape.of { () throws(ProviderFailure) in try await gateway.provider.execute(second) }
        #expect(try await gateway.provider.reconcile(second)?.reply?.result == .ok)
        #expect(gateway.wire.account("A").refundedMinorUnits == 400)
    }

    @Test func anotherReservationOfTheReferenceDoesNotHideWhatWasTaken() async throws {
        let gateway = try Self.gateway()
        _ = try await Self.reserve(gateway)
        let newest = try await Self.reserve(gateway)
        let call = try Gateway.call(.confirm, #"{"amount":"5.00","shopTransactionID":"A"}"#)
        gateway.line.lose(.answer)
        _ = await FailureShape.of { () throws(ProviderFailure) in try await gateway.provider.execute(call) }
        #expect(try await gateway.provider.reconcile(call)?.reply?.paymentID == newest)
        #expect(try await gateway.provider.execute(call).reply?.paymentID == newest)
        #expect(gateway.wire.account("A").timesCharged == 1)
    }

    @Test(arguments: [
        (Shared.Operation.confirm, #"{"amount":"5.00","shopTransactionID":"A"}"#),
        (.refund, #"{"amount":"5.00","shopTransactionID":"A"}"#),
    ])
    func whatAnotherCommandDidIsNotTakenForTheOwnEffect(operation: Shared.Operation, body: String) async throws {
        let gateway = try Self.gateway()
        _ = try await Self.reserve(gateway)
        _ = try await gateway.reply(.confirm, #"{"amount":"5.00","shopTransactionID":"A"}"#)
        _ = try await gateway.reply(.refund, #"{"amount":"1.00","shopTransactionID":"A"}"#)
        let call = try Gateway.call(operation, body)
        #expect(try await gateway.provider.reconcile(call) == nil)
        #expect(try await gateway.provider.execute(call).reply?.result == .ko)
    }

    @Test func whatAnotherCommandDidToASessionIsNotTakenForTheOwnEffect() async throws {
        let gateway = try Self.gateway()
        let body = try await Self.authorisedSession(gateway)
        _ = try await gateway.object(.sessionVoid, body)
        for operation in [Shared.Operation.sessionVoid, .sessionConfirm, .sessionRefund] {
            #expect(try await gateway.provider.reconcile(Gateway.call(operation, body)) == nil)
        }
    }

    @Test(arguments: effects.filter { !$0.isForgettable })
    func aLookUpThatCannotDecideLeavesTheDoubt(effect: Effect) async throws {
        let call = try Gateway.call(effect.operation, try await effect.body(Self.gateway()))
        for answer in [
            ScriptedTransport.Answer.json(404, "<html>"), .json(500, ""), .json(200, "{"), .json(200, "{}"),
            .json(429, ""), .json(401, ""), .failure(.connectionFailed, mayHaveBeenSent: false),
        ] {
            let harness = try ProviderHarness<GenericProvider>([answer])
            let failure = await FailureShape.of { () throws(ProviderFailure) in
                try await harness.provider.reconcile(call)
            }
            #expect(failure?.mayHaveHadEffect == true)
        }
    }

    @Test func inLookUpModeNoTwoRequestsShareAKey() async throws {
        let gateway = try Self.gateway()
        let call = try Gateway.call(.pay, #"{"amount":"5.00","shopTransactionID":"A","creditCardToken":"OK"}"#)
        for _ in 0..<2 { _ = try await gateway.provider.execute(call) }
        let requests = gateway.line.take()
        let keys = requests.flatMap { $0.values("Idempotency-Key") } + [call.idempotencyKey]
        #expect(Set(keys).count == 3)
        #expect(requests[0].body == requests[1].body)
        #expect(gateway.wire.account("A").timesCharged == 2)
    }

    @Test func theSettingChoosesTheWay() throws {
        let provider = { (settings: [String: String]) in
            try ProviderHarness<GenericProvider>(settings: settings).provider
        }
        #expect(try provider([:]).recovery(of: .pay) == .repeatUnderKey(life: .seconds(23 * 3600)))
        let lookUp = try provider(["GENERIC_PROVIDER_RECOVERY": "look-up"])
        #expect(lookUp.recovery(of: .refund) == .lookUp(visibilityLag: .seconds(2)))
        let error = #expect(throws: SettingsError.self) { try provider(["GENERIC_PROVIDER_RECOVERY": "hope"]) }
        #expect(error?.problems.map(\.name) == ["GENERIC_PROVIDER_RECOVERY"])
        #expect(error?.problems.first?.problem == "must be one of key, look-up")
    }
}

extension ProviderAnswer {
    /// What the merchant reads as the outcome; `nil` without one.
    var outcome: String? {
        switch self {
        case .payment(let reply): reply.result.rawValue
        case .object(let members): members["result"]?.stringValue
        }
    }
}
