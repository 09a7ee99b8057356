import Shared
import Testing

@testable import Ingress

struct AcceptedRequestTests {
    @Test func aPaymentBecomesOneCommandAndTheWorkersReplyIsTheAnswer() async throws {
        try await Edge.run(worker: Edge.answering(#"{"result":"KO"}"#)) { edge async throws in
            let before = WallClock.system.unixMilliseconds
            let answer = try await edge.pay()
            #expect(answer.status == 200)
            #expect(answer.text == #"{"result":"KO"}"#)
            #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
            let command = try #require(try edge.commands().first)
            #expect(edge.sender.sent.count == 1)
            #expect(answer.headers["x-request-id"] == command.id.value)
            #expect(command.provider == Edge.generic)
            #expect(command.operation == .pay)
            #expect(command.paymentMethod == "credit-cards")
            #expect(command.reference == PaymentReference(shopTransactionID: "order-1"))
            #expect(command.amount == Money(minorUnits: 500))
            #expect(command.replyTo == ReplyAddress(partition: 0, instance: "edge"))
            let deadline = try #require(command.deadlineMilliseconds)
            #expect((before + 9000...before + 10_000).contains(deadline))
            #expect(edge.table.count == 0)
        }
    }

    @Test func theCommandIsKeyedByItsLane() async throws {
        try await Edge.run { edge async throws in
            _ = try await edge.pay("order-7")
            #expect(edge.sender.sent.map(\.key) == [Array("s:order-7".utf8)])
        }
    }

    @Test func anAliasOfAMethodIsTakenUnderItsOwnName() async throws {
        try await Edge.run { edge async throws in
            let body = #"{"amount":"5.00","successRedirect":"http://a.invalid","failureRedirect":"http://b.invalid"}"#
            #expect(try await edge.json("POST", "/stripe/credit-cards/pay", body).status == 200)
            #expect(try edge.commands().map(\.paymentMethod) == ["stripe"])
        }
    }

    @Test func checkIsAnsweredWithItsCommandOnceThatIsStoredAndWaitsForNobody() async throws {
        try await Edge.run(worker: { _ in nil }) { edge async throws in
            let answer = try await edge.request("GET", "/generic-provider/check?paymentID=p-1")
            #expect(answer.status == 202)
            let command = try #require(try edge.commands().first)
            #expect(answer.text == #"{"commandID":"\#(command.id)"}"#)
            #expect(command.deadlineMilliseconds == nil)
            #expect(command.replyTo == nil)
        }
    }

    @Test func aValidTraceContextIsContinuedAndInPlaceOfAnInvalidOneANewTraceBegins() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try await Edge.run { edge async throws in
            _ = try await edge.pay(headers: [("traceparent", trace)])
            _ = try await edge.pay(headers: [("traceparent", "nonsense")])
            let passedOn = try edge.commands().map { try #require($0.trace) }
            #expect(passedOn.map(\.isSampled) == [true, false])
            #expect(passedOn[0].traceIDText == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(passedOn[0].traceParent != trace, "the ingress is a hop of its own")
            #expect(passedOn[1].traceIDText != passedOn[0].traceIDText)
        }
    }

    @Test(arguments: [200, 404, 502, 504])
    func aReplayedAnswerSaysSoWhateverItIs(status: Int) async throws {
        let replaying: Edge.Worker = {
            Reply(commandID: $0.id, statusCode: status, isReplayed: true, body: Array("{}".utf8))
        }
        try await Edge.run(worker: replaying) { edge async throws in
            let answer = try await edge.pay()
            #expect(answer.status == status)
            #expect(answer.headers["idempotent-replayed"] == "true")
        }
        try await Edge.run(worker: Edge.answering(status: status)) { edge async throws in
            #expect(try await edge.pay().headers["idempotent-replayed"] == nil)
        }
    }

    @Test func theMethodsOfTheEnabledProvidersAreListedUnlessTheSettingsNameThem() async throws {
        try await Edge.run { edge async throws in
            #expect(
                try await edge.request("GET", "/payment-methods").text == #"["credit-cards","pay-pal","stripe"]"#)
        }
        var settings = Edge.settings
        settings.paymentMethods = ["b", "a"]
        try await Edge.run(settings: settings) { edge async throws in
            #expect(try await edge.request("GET", "/payment-methods").text == #"["b","a"]"#)
        }
    }

    @Test func oneConnectionCarriesManyRequests() async throws {
        try await Edge.run { edge async throws in
            try await Wire.connect(edge) { wire async throws in
                for _ in 0..<5 {
                    try await wire.send("GET /generic-provider/status?paymentId=1 HTTP/1.1\r\nHost: edge\r\n\r\n")
                    #expect(try await wire.answer().status == 200)
                }
            }
            #expect(edge.sender.sent.count == 5)
        }
    }
}
