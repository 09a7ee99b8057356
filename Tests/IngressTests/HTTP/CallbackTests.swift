import Shared
import Testing

@testable import Ingress

struct CallbackTests {
    private static let path = "/generic-provider/callback"
    private static let body = #"{"eventId":"e-1","paymentId":"p-1","reference":"order-1","status":"approved"}"#

    @Test func aCallbackIsAnsweredOnlyAfterItsCommandIsStored() async throws {
        let broker = Gate()
        try await Edge.run(acknowledging: { _ in await broker.wait() }) { edge async throws in
            let signature = Edge.callbackSignature(of: Self.body)
            let answer = try await Wire.connect(edge) { wire async throws in
                try await wire.send(
                    "POST \(Self.path) HTTP/1.1\r\nHost: edge\r\nContent-Length: \(Self.body.utf8.count)\r\n"
                        + "\(signature.0): \(signature.1)\r\n\r\n\(Self.body)")
                await eventually("the command is at the broker") { broker.waitingCount == 1 }
                // The same connection's next request cannot overtake it, so another one shows that the edge is alive.
                #expect(try await edge.request("GET", "/-/healthz").status == 200)
                #expect(broker.waitingCount == 1)
                broker.open()
                return try await wire.answer()
            }
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
            #expect(try edge.commands().first?.id.value == answer.headers["x-request-id"])
        }
    }

    @Test func aCallbackThatCannotBeStoredIsNotAcknowledgedSoThatTheProviderRepeatsIt() async throws {
        for mayBeStored in [true, false] {
            let refusing: RecordingSender.Rule = { _ throws(KafkaSendError) in
                throw KafkaSendError(code: .refused, mayBeStored: mayBeStored)
            }
            try await Edge.run(acknowledging: refusing) { edge async throws in
                let answer = try await edge.json(
                    "POST", Self.path, Self.body, headers: [Edge.callbackSignature(of: Self.body)])
                try expectFailure(answer, .notStored)
            }
        }
    }

    @Test func theCommandCarriesTheCallbackAsItCameInTheLaneOfItsPayment() async throws {
        try await Edge.run { edge async throws in
            let signature = Edge.callbackSignature(of: Self.body)
            _ = try await edge.json("POST", Self.path + "?a=1&b=x%20y", Self.body, headers: [signature])
            let command = try #require(try edge.commands().first)
            let callback = try #require(command.payload.callback)
            #expect(command.reference == PaymentReference(shopTransactionID: "order-1", paymentID: "p-1"))
            #expect(command.operation == .callback)
            #expect(command.deadlineMilliseconds == nil)
            #expect(callback.method == "POST")
            #expect(callback.body == Array(Self.body.utf8))
            #expect(callback.headers["x-generic-signature"] == signature.1)
            #expect(callback.parameter("b") == "x y")
        }
    }

    @Test func aCallbackWithoutOrWithAWrongSignatureIs401AndNothingIsPublished() async throws {
        try await Edge.run { edge async throws in
            let unsigned = try await edge.json("POST", Self.path, Self.body)
            try expectFailure(unsigned, .invalidSignature)
            let wrong = Edge.callbackSignature(of: Self.body, secret: "another")
            try expectFailure(
                try await edge.json("POST", Self.path, Self.body, headers: [wrong]), .invalidSignature)
            let right = Edge.callbackSignature(of: Self.body)
            let changed = Self.body.replacing("p-1", with: "p-2")
            try expectFailure(
                try await edge.json("POST", Self.path, changed, headers: [right]), .invalidSignature)
            try expectFailure(try await edge.request("GET", Self.path), .invalidSignature)
            try expectFailure(try await edge.json("POST", "/stripe/callback", Self.body), .invalidSignature)
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func aCallbackNeedsNoKeyOfACaller() async throws {
        var settings = Edge.settings
        settings.apiKeys = [Secret("key-1")]
        try await Edge.run(settings: settings) { edge async throws in
            let answer = try await edge.json(
                "POST", Self.path, Self.body, headers: [Edge.callbackSignature(of: Self.body)])
            #expect(answer.status == 200)
            #expect(edge.sender.sent.count == 1)
        }
    }

    @Test func aCallbackThatIsTooLargeIs413() async throws {
        try await Edge.run { edge async throws in
            let body = String(repeating: "x", count: 5000)
            let answer = try await edge.json("POST", Self.path, body, headers: [Edge.callbackSignature(of: body)])
            try expectFailure(answer, .bodyTooLarge)
            #expect(edge.sender.sent.isEmpty)
        }
    }
}
