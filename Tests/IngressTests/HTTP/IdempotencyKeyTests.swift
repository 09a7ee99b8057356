import Shared
import Testing

@testable import Ingress

/// The header over a real connection, and who is told that an earlier request still runs.
struct IdempotencyKeyTests {
    private static let name = "Idempotency-Key"
    private static let payPath = "/generic-provider/credit-cards/pay"
    private static let withKey = [(name, "k-1")]

    /// A wait that two requests can overlap in, one after the other.
    private static var shortWait: IngressSettings {
        var settings = Edge.settings
        settings.requestTimeout = .milliseconds(2000)
        return settings
    }

    @Test(arguments: ["k", "with space, and comma", String(repeating: "k", count: 255)])
    func aKeyIsTakenAndTravelsAsAHash(key: String) async throws {
        try await Edge.run { edge async throws in
            #expect(try await edge.pay(headers: [(Self.name.lowercased(), key)]).status == 200)
            let command = try #require(try edge.commands().first)
            let expected = IdempotencyClaim(
                caller: "address:127.0.0.1", provider: Edge.generic, operation: .pay,
                reference: PaymentReference(shopTransactionID: "order-1"), key: key)
            #expect(command.claim == expected)
        }
    }

    @Test(arguments: ["", "   ", "a\u{E9}", "a\tb", String(repeating: "k", count: 256)])
    func anIllFormedKeyIs400AndTheConnectionGoesOn(key: String) async throws {
        try await Edge.run { edge async throws in
            let body = #"{"amount":"5.00","shopTransactionID":"order-1"}"#
            let head = "POST \(Self.payPath) HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\n"
            let length = "Content-Length: \(body.utf8.count)\r\n"
            try await Wire.connect(edge) { wire async throws in
                try await wire.send(head + length + "\(Self.name): \(key)\r\n\r\n" + body)
                let error = try expectFailure(try await wire.answer(), .invalidParameter)
                #expect(error.details?.map(\.field) == [Self.name])
                #expect(edge.sender.sent.isEmpty)
                try await wire.send(head + length + "\r\n" + body)
                #expect(try await wire.answer().status == 200)
            }
        }
    }

    @Test(arguments: ["k-1", "k-2"])
    func aKeyThatIsGivenTwiceIs400(second: String) async throws {
        try await Edge.run { edge async throws in
            let answer = try await edge.pay(headers: Self.withKey + [(Self.name, second)])
            let error = try expectFailure(answer, .invalidParameter)
            #expect(error.details == [FieldIssue(field: Self.name, issue: "must be given once")])
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func readsAndCallbacksDoNotLookAtIt() async throws {
        try await Edge.run { edge async throws in
            let empty = [(Self.name, ""), (Self.name, "k")]
            #expect(try await edge.request("GET", "/stripe/status?paymentId=1", headers: empty).status == 200)
            #expect(try await edge.request("GET", "/stripe/check?paymentId=1", headers: empty).status == 202)
            let body = #"{"eventId":"e","paymentId":"p","reference":"order-1","status":"captured"}"#
            let headers = [Edge.callbackSignature(of: body)] + empty
            #expect(try await edge.json("POST", "/generic-provider/callback", body, headers: headers).status == 200)
            #expect(try edge.commands().allSatisfy { $0.claim == nil })
        }
    }

    @Test func theCallerIsTheKeyThatItShows() async throws {
        var settings = Edge.settings
        settings.apiKeys = [Secret("key-1"), Secret("key-2")]
        try await Edge.run(settings: settings) { edge async throws in
            for key in ["key-1", "key-2", "key-1"] {
                _ = try await edge.pay(headers: Self.withKey + [("Authorization", "Bearer " + key)])
            }
            let scopes = try edge.commands().map { $0.claim?.scope }
            #expect(scopes[0] == scopes[2])
            #expect(scopes[0] != scopes[1])
        }
    }

    /// Sends a second request while the first one waits; nobody answers either.
    private static func overlap(
        _ first: [(String, String)], _ second: [(String, String)], order: String = "order-1"
    ) async throws -> (first: Wire.Answer, second: Wire.Answer) {
        try await Edge.run(settings: shortWait, worker: { _ in nil }) { edge async throws in
            async let earlier = edge.pay(headers: first)
            await eventually("the first request waits") { edge.table.count == 1 }
            let later = try await edge.pay(order, headers: second)
            return (try await earlier, later)
        }
    }

    @Test func aRepeatOfARequestThatStillWaitsIs409AndTheFirstOneIs504() async throws {
        let answers = try await Self.overlap(Self.withKey, Self.withKey)
        #expect(try expectFailure(answers.first, .outcomeUnknown).repeatIsSafe == true)
        let error = try expectFailure(answers.second, .requestStillRunning)
        #expect(answers.second.headers["retry-after"] == "1")
        #expect(error.message.contains(Self.name))
    }

    @Test func requestsWithOtherKeysOrWithoutOneOrAboutAnotherPaymentAreNoRepeats() async throws {
        async let otherKey = Self.overlap(Self.withKey, [(Self.name, "k-2")])
        async let noKey = Self.overlap([], [])
        async let otherPayment = Self.overlap(Self.withKey, Self.withKey, order: "order-2")
        for answers in [try await otherKey, try await noKey, try await otherPayment] {
            try expectFailure(answers.first, .outcomeUnknown)
            try expectFailure(answers.second, .outcomeUnknown)
        }
    }

    @Test func afterTheFirstOneHasItsAnswerTheNextOneIsAFirstOne() async throws {
        let hasAnswered = Flag()
        let once: Edge.Worker = { command in
            defer { hasAnswered.set() }
            return hasAnswered.isSet ? nil : Edge.answering()(command)
        }
        try await Edge.run(settings: Self.shortWait, worker: once) { edge async throws in
            #expect(try await edge.pay(headers: Self.withKey).status == 200)
            try expectFailure(try await edge.pay(headers: Self.withKey), .outcomeUnknown)
        }
    }

    @Test func aReplyBeforeTheDeadlineIsTheAnswerOfARepeatToo() async throws {
        let hasWaited = Flag()
        let later: Edge.Worker = { command in
            defer { hasWaited.set() }
            return hasWaited.isSet ? Edge.answering(#"{"result":"KO"}"#)(command) : nil
        }
        try await Edge.run(settings: Self.shortWait, worker: later) { edge async throws in
            async let first = edge.pay(headers: Self.withKey)
            await eventually("the first request waits") { edge.table.count == 1 }
            let second = try await edge.pay(headers: Self.withKey)
            #expect(second.status == 200)
            #expect(second.text == #"{"result":"KO"}"#)
            try expectFailure(try await first, .outcomeUnknown)
        }
    }
}
