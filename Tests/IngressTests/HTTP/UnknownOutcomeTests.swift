import Shared
import Testing

@testable import Ingress

struct UnknownOutcomeTests {
    private static var settings: IngressSettings {
        var settings = Edge.settings
        settings.requestTimeout = .milliseconds(1200)
        return settings
    }

    private static func expectUnknown(_ answer: Wire.Answer, _ edge: Edge, repeatIsSafe: Bool = true) throws {
        let error = try expectFailure(answer, .outcomeUnknown)
        let id = try #require(error.commandID)
        #expect(try edge.commands().first?.id == id)
        #expect(id.value == answer.headers["x-request-id"])
        #expect(error.repeatIsSafe == repeatIsSafe)
        #expect(error.message.contains("Idempotency-Key: \(id)") == !repeatIsSafe)
        #expect(edge.table.count == 0)
    }

    @Test func noReplyBeforeTheDeadlineIs504WithTheCommand() async throws {
        try await Edge.run(settings: Self.settings, worker: { _ in nil }) { edge async throws in
            try Self.expectUnknown(try await edge.pay(), edge)
        }
    }

    @Test func aRefundIsRepeatedByItsCommandAndOneWithAKeyByThatKey() async throws {
        let body = #"{"amount":"1.00","shopTransactionID":"order-1"}"#
        for headers in [[], [("Idempotency-Key", "k-1")]] {
            try await Edge.run(settings: Self.settings, worker: { _ in nil }) { edge async throws in
                let answer = try await edge.json(
                    "POST", "/generic-provider/credit-cards/refund", body, headers: headers)
                try Self.expectUnknown(answer, edge, repeatIsSafe: !headers.isEmpty)
            }
        }
    }

    @Test func aPaymentThatTheCallerDidNotNameIsRepeatedByItsCommand() async throws {
        let body = #"{"amount":"5.00","successRedirect":"http://a.invalid","failureRedirect":"http://b.invalid"}"#
        try await Edge.run(settings: Self.settings, worker: { _ in nil }) { edge async throws in
            try Self.expectUnknown(try await edge.json("POST", "/stripe/stripe/pay", body), edge, repeatIsSafe: false)
        }
    }

    @Test func anUnansweredReadMayBeRepeated() async throws {
        try await Edge.run(settings: Self.settings, worker: { _ in nil }) { edge async throws in
            let answer = try await edge.request("GET", "/generic-provider/status?paymentId=1")
            try Self.expectUnknown(answer, edge, repeatIsSafe: true)
        }
    }

    @Test func aCommandThatMayBeAtTheBrokerIs504WhenNobodyAnswers() async throws {
        let losing: RecordingSender.Rule = { _ throws(KafkaSendError) in
            throw KafkaSendError(code: .possiblyPersisted, mayBeStored: true)
        }
        try await Edge.run(settings: Self.settings, worker: { _ in nil }, acknowledging: losing) { edge async throws in
            try Self.expectUnknown(try await edge.pay(), edge)
        }
    }

    // MARK: - Whoever settles it tells the merchant

    /// The commands whose lanes were told that their callers got no answer.
    private static func untold(_ edge: Edge) -> [CommandID] {
        edge.sender.sent.filter { Edge.codec.isTask($0) }.compactMap { message in
            guard let task = try? Edge.codec.task(from: message), case .untold(let command) = task.content,
                task.lane == .shopTransaction("order-1")
            else { return nil }
            return command
        }
    }

    @Test(arguments: [true, false])
    func theLaneOfAPaymentIsToldThatItsCallerGotNoAnswer(isReplied: Bool) async throws {
        // A reply that cannot be read is none.
        let worker: Edge.Worker = { isReplied ? Reply(commandID: $0.id, statusCode: 9999, body: []) : nil }
        try await Edge.run(settings: Self.settings, worker: worker) { edge async throws in
            let answer = try await edge.pay()
            #expect(answer.status == 504)
            let command = try #require(try edge.commands().first)
            await eventually("its lane is told") { !Self.untold(edge).isEmpty }
            #expect(Self.untold(edge) == [command.id])
        }
    }

    @Test func whoIsAnsweredIsNotUntold() async throws {
        try await Edge.run(settings: Self.settings, worker: Edge.answering()) { edge async throws in
            #expect(try await edge.pay().status == 200)
            #expect(Self.untold(edge).isEmpty)
        }
    }

    @Test func aReplyThatCannotBeReadIs504() async throws {
        let outOfRange: Edge.Worker = { Reply(commandID: $0.id, statusCode: 9999, body: []) }
        try await Edge.run(settings: Self.settings, worker: outOfRange) { edge async throws in
            try Self.expectUnknown(try await edge.pay(), edge)
        }
    }
}
