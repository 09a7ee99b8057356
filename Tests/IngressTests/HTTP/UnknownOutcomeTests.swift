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

    @Test func aReplyThatCannotBeReadIs504() async throws {
        let outOfRange: Edge.Worker = { Reply(commandID: $0.id, statusCode: 9999, body: []) }
        try await Edge.run(settings: Self.settings, worker: outOfRange) { edge async throws in
            try Self.expectUnknown(try await edge.pay(), edge)
        }
    }
}
