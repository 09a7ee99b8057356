import Providers
import Shared
import Testing

@testable import Ingress

/// Every failure of the API, over a real connection.
struct ErrorTableTests {
    private static let payPath = "/generic-provider/credit-cards/pay"

    @Test(arguments: ["{", "", "[]", "\"text\"", "{\"amount\":}", "\u{FEFF}nothing"])
    func aBodyThatIsNoJSONObjectIs400(body: String) async throws {
        try await Edge.run { edge async throws in
            try expectFailure(try await edge.json("POST", Self.payPath, body), .invalidJSON)
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func aBodyNestedTooDeeplyIs400() async throws {
        try await Edge.run { edge async throws in
            let body = #"{"amount":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}"
            try expectFailure(try await edge.json("POST", Self.payPath, body), .invalidJSON)
        }
    }

    @Test func allInvalidFieldsAreReportedAtOnce() async throws {
        try await Edge.run { edge async throws in
            let body = #"{"amount":"5,00","creditCardToken":7,"successRedirect":"nowhere"}"#
            let error = try expectFailure(try await edge.json("POST", Self.payPath, body), .invalidField)
            let fields = error.details?.map(\.field).sorted()
            #expect(fields == ["amount", "creditCardToken", "shopTransactionID", "successRedirect"])
            #expect(!error.message.contains("5,00"))
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test(arguments: ["5.00", "5", "5e0"])
    func anAmountAsANumberIsRefusedWithTheStringFormInTheMessage(number: String) async throws {
        try await Edge.run { edge async throws in
            let body = #"{"amount":\#(number),"shopTransactionID":"order-1"}"#
            let error = try expectFailure(try await edge.json("POST", Self.payPath, body), .invalidField)
            #expect(error.message.contains(#""5.00""#))
            #expect(error.details?.map(\.field) == ["amount"])
        }
    }

    @Test(arguments: ["0", "0.00", "-1", "1.001", "+5", "5.", ".5", " 5", "12345678901", "5,00", "1e3", "NaN", "", "٥"])
    func anAmountThatIsNoPositiveDecimalStringIsRefused(amount: String) async throws {
        try await Edge.run { edge async throws in
            let body = #"{"amount":"\#(amount)","shopTransactionID":"order-1"}"#
            try expectFailure(try await edge.json("POST", Self.payPath, body), .invalidField)
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func aMissingQueryParameterIs400AndNamed() async throws {
        try await Edge.run { edge async throws in
            let error = try expectFailure(try await edge.request("GET", "/stripe/status"), .invalidParameter)
            #expect(error.details?.map(\.field) == ["paymentId"])
        }
    }

    @Test func anUnreadableButAuthenticCallbackIs400() async throws {
        try await Edge.run { edge async throws in
            let body = #"{"eventId":"e"}"#
            let answer = try await edge.json(
                "POST", "/generic-provider/callback", body, headers: [Edge.callbackSignature(of: body)])
            try expectFailure(answer, .invalidField)
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test(arguments: [nil, "Bearer wrong", "Bearer ", "Basic key-1", "bearer", "key-1"])
    func aMissingOrWrongKeyIs401(authorization: String?) async throws {
        var settings = Edge.settings
        settings.apiKeys = [Secret("key-1"), Secret("key-2")]
        try await Edge.run(settings: settings) { edge async throws in
            let headers = authorization.map { [("Authorization", $0)] } ?? []
            let error = try expectFailure(try await edge.pay(headers: headers), .unauthorized)
            #expect(!error.message.contains("key-1"))
            try expectFailure(try await edge.request("GET", "/payment-methods", headers: headers), .unauthorized)
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func aRightKeyIsLetInAndHealthNeedsNone() async throws {
        var settings = Edge.settings
        settings.apiKeys = [Secret("key-1"), Secret("key-2")]
        try await Edge.run(settings: settings) { edge async throws in
            #expect(try await edge.pay(headers: [("Authorization", "Bearer key-2")]).status == 200)
            #expect(try await edge.request("GET", "/-/healthz").status == 200)
            #expect(try await edge.request("GET", "/-/ready").status == 200)
        }
    }

    @Test func whatThePathNamesAndDoesNotExistIs404WithItsOwnCode() async throws {
        try await Edge.run(providers: [try Edge.provider(GenericProvider.self)]) { edge async throws in
            try expectFailure(try await edge.request("GET", "/nothing/like/this"), .unknownRoute)
            try expectFailure(try await edge.request("GET", "/nobody/status"), .unknownProvider)
            try expectFailure(try await edge.request("GET", "/stripe/status?paymentId=1"), .providerNotEnabled)
            try expectFailure(
                try await edge.json("POST", "/generic-provider/cheques/pay", "{}"), .unknownPaymentMethod)
        }
    }

    @Test func aTransactionThatTheProviderDoesNotKnowIs404() async throws {
        try await Edge.run(worker: Edge.failing(.unknownTransaction)) { edge async throws in
            let answer = try await edge.request("GET", "/generic-provider/status?paymentId=1")
            try expectFailure(answer, .unknownTransaction)
        }
    }

    @Test(arguments: [
        ("GET", payPath, "POST"), ("DELETE", "/generic-provider/callback", "GET, POST"),
        ("POST", "/generic-provider/status", "GET"), ("PUT", "/-/healthz", "GET"),
        ("OPTIONS", "/payment-methods", "GET"),
    ])
    func anotherHTTPMethodIs405WithAllow(method: String, path: String, allow: String) async throws {
        try await Edge.run { edge async throws in
            let answer = try await edge.request(method, path)
            try expectFailure(answer, .methodNotAllowed)
            #expect(answer.headers["allow"] == allow)
        }
    }

    @Test(arguments: [nil, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
    func anotherMediaTypeIs415(type: String?) async throws {
        try await Edge.run { edge async throws in
            let headers = type.map { [("Content-Type", $0)] } ?? []
            let answer = try await edge.request("POST", Self.payPath, body: "{}", headers: headers)
            try expectFailure(answer, .unsupportedMediaType)
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test(arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=UTF-8"])
    func jsonIsTakenWithAnyParametersAndCase(type: String) async throws {
        try await Edge.run { edge async throws in
            let body = #"{"amount":"5.00","shopTransactionID":"order-1"}"#
            let answer = try await edge.request("POST", Self.payPath, body: body, headers: [("Content-Type", type)])
            #expect(answer.status == 200)
        }
    }

    @Test func anOperationThatTheProviderDoesNotHaveIs501AndSaysWhoDoes() async throws {
        try await Edge.run { edge async throws in
            let error = try expectFailure(
                try await edge.json("POST", "/stripe/stripe/confirm", "{}"), .operationNotSupported)
            #expect(error.message.contains("stripe"))
            #expect(edge.sender.sent.isEmpty)
        }
    }

    @Test func anErrorOfTheProvidersIs502WithTheCommandWhoseOutcomeItLeavesOpen() async throws {
        try await Edge.run(worker: Edge.failing(.providerError, inDoubt: true)) { edge async throws in
            let error = try expectFailure(try await edge.pay(), .providerError)
            #expect(try edge.commands().first?.id == error.commandID)
            #expect(error.repeatIsSafe == false)
        }
    }

    @Test(arguments: [ErrorCode.idempotencyKeyReused, .paymentMismatch])
    func aRepeatThatAsksForSomethingElseIs422(code: ErrorCode) async throws {
        try await Edge.run(worker: Edge.failing(code)) { edge async throws in
            let error = try expectFailure(try await edge.pay(headers: [("Idempotency-Key", "k-1")]), code)
            #expect(error.commandID == nil)
        }
    }

    @Test func aWorkersWordThatTheFirstRequestStillRunsIs409() async throws {
        try await Edge.run(worker: Edge.failing(.requestStillRunning, retryAfter: 1)) { edge async throws in
            try expectFailure(try await edge.pay(headers: [("Idempotency-Key", "k-1")]), .requestStillRunning)
        }
    }

    @Test func aProviderThatCannotBeReachedIs503() async throws {
        try await Edge.run(worker: Edge.failing(.providerUnavailable, retryAfter: 7)) { edge async throws in
            let answer = try await edge.pay()
            try expectFailure(answer, .providerUnavailable)
            #expect(answer.headers["retry-after"] == "7")
        }
    }

    @Test func aCommandThatTheBrokerProvablyDoesNotHaveIs503() async throws {
        let refusing: RecordingSender.Rule = { _ throws(KafkaSendError) in
            throw KafkaSendError(code: .notPersisted, mayBeStored: false)
        }
        try await Edge.run(acknowledging: refusing) { edge async throws in
            try expectFailure(try await edge.pay(), .notStored)
            let check = try await edge.request("GET", "/generic-provider/check?paymentId=1")
            try expectFailure(check, .notStored)
            #expect(edge.table.count == 0)
        }
    }

    @Test func withoutAReplyPartitionNothingIsSentAndTheAnswerIs503() async throws {
        try await Edge.run(replyAddress: nil) { edge async throws in
            try expectFailure(try await edge.pay(), .notStored)
            #expect(edge.sender.sent.isEmpty)
            let ready = try await edge.request("GET", "/-/ready")
            #expect(ready.status == 503)
            #expect(ready.text == #"{"parts":{"replies":"KO"},"status":"KO"}"#)
        }
    }

    @Test func aCommandThatIsTooLargeForTheBrokerIs413() async throws {
        let refusing: RecordingSender.Rule = { _ throws(KafkaSendError) in
            throw KafkaSendError(code: .messageTooLarge, mayBeStored: false)
        }
        try await Edge.run(acknowledging: refusing) { edge async throws in
            try expectFailure(try await edge.pay(), .bodyTooLarge)
        }
    }

    @Test func aCommandThatMayBeStoredIsWaitedForAndItsReplyGiven() async throws {
        let losing: RecordingSender.Rule = { _ throws(KafkaSendError) in
            throw KafkaSendError(code: .possiblyPersisted, mayBeStored: true)
        }
        try await Edge.run(acknowledging: losing) { edge async throws in
            #expect(try await edge.pay().status == 200)
            #expect(edge.sender.sent.count == 1)
        }
    }
}

extension Edge {
    /// A worker that answers every command with this failure.
    static func failing(_ code: ErrorCode, inDoubt: Bool = false, retryAfter: Int? = nil) -> Worker {
        { command in
            var error = ErrorResponse(code, "the worker says so")
            error.requestId = command.id.value
            if inDoubt {
                error.commandID = command.id
                error.repeatIsSafe = false
            }
            return Reply(
                commandID: command.id, statusCode: code.statusCode, retryAfterSeconds: retryAfter,
                body: (try? JSONCoding.encode(error)) ?? [])
        }
    }
}
