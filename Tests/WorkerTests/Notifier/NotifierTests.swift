import Providers
import Shared
import Testing

@testable import Worker

struct NotifierTests {
    private static let secret = Secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")
    private static let settings = NotifierSettings(
        callbackURL: "http://merchant.invalid/notify", timeout: .seconds(3), attemptsMax: 4,
        backoff: Backoff(first: .milliseconds(1), cap: .milliseconds(2)), downAfterFailures: 4, downAfterPayments: 3,
        probeInterval: .milliseconds(5))

    private static func result(_ shopTransactionID: String = "order-1", notified: Bool = true) -> ResultEvent {
        var result = ResultEvent(
            commandID: .make(atUnixMilliseconds: Workshop.now), provider: Workshop.scripted, operation: .callback,
            reference: PaymentReference(shopTransactionID: shopTransactionID), outcome: "ACCEPTED",
            occurredAtMilliseconds: Workshop.now)
        if notified {
            let description = ScriptedProvider.description
            let state = NotificationFactory.state(of: .sample(.accepted), description, fallback: result.reference)
            result.notification = NotificationFactory.notification(of: state, description, result.reference)
        }
        return result
    }

    private static func message(_ result: ResultEvent, _ workshop: Workshop) throws -> KafkaMessage {
        try workshop.codec.record(for: result, partitionCount: 12).asRead(at: 5)
    }

    @Test(arguments: [200, 201, 204, 299])
    func aNotificationIsDeliveredOnceWithTheDocumentedHeaders(status: Int) async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport(statuses: [status])
        let notifier = try workshop.notifier(transport, settings: Self.settings, secrets: [Self.secret])
        let result = Self.result()
        #expect(await notifier.process(try Self.message(result, workshop)) == .done)
        let request = try #require(transport.sent.first)
        #expect(transport.sent.count == 1)
        #expect(request.method == "POST")
        #expect(request.url == "http://merchant.invalid/notify")
        #expect(request.timeout == .seconds(3))
        #expect(request.header("Content-Type") == "application/json")
        #expect(request.header("webhook-id") == result.notification?.webhookID)
        #expect(request.header("webhook-timestamp") == "1700000000")
        let body = try #require(request.body)
        #expect(try JSONCoding.decode(MerchantNotification.self, from: body) == result.notification?.message)
        let expected = try WebhookSigner(secrets: [Self.secret]).unwrapped().signature(
            id: try #require(result.notification?.webhookID), timestampSeconds: 1_700_000_000, body: body)
        #expect(request.header("webhook-signature") == expected)
        #expect(workshop.sender.attempts == 0)
    }

    @Test func withoutSecretThereIsNoSignatureHeader() async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport(statuses: [200])
        let notifier = try workshop.notifier(transport, settings: Self.settings)
        #expect(await notifier.process(try Self.message(Self.result(), workshop)) == .done)
        #expect(transport.sent.map { $0.header("webhook-signature") } == [nil])
    }

    @Test func aResultWithoutNotificationSendsNothing() async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport(statuses: [200])
        let notifier = try workshop.notifier(transport, settings: Self.settings)
        #expect(await notifier.process(try Self.message(Self.result(notified: false), workshop)) == .done)
        #expect(transport.sent.isEmpty)
    }

    @Test(arguments: [100, 301, 302, 307, 400, 404, 410, 500, 503])
    func anythingButA2xxIsTriedAgainAndARedirectIsNotFollowed(status: Int) async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport { _, index in
            OutgoingResponse(
                statusCode: index == 0 ? status : 200, headers: ["location": "http://elsewhere.invalid/"])
        }
        let notifier = try workshop.notifier(transport, settings: Self.settings)
        #expect(await notifier.process(try Self.message(Self.result(), workshop)) == .done)
        #expect(transport.sent.map(\.url) == [Self.settings.callbackURL, Self.settings.callbackURL])
        #expect(Set(transport.sent.map { $0.header("webhook-id") }).count == 1)
    }

    @Test func anEndpointThatCannotBeReachedIsTriedAgain() async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport { _, index throws(OutgoingFailure) in
            if index < 2 { throw OutgoingFailure(code: .connectionFailed, mayHaveBeenSent: false) }
            return OutgoingResponse(statusCode: 200)
        }
        let notifier = try workshop.notifier(transport, settings: Self.settings)
        #expect(await notifier.process(try Self.message(Self.result(), workshop)) == .done)
        #expect(transport.sent.count == 3)
    }

    @Test func aNotificationThatIsAlwaysRefusedIsADeadLetterAfterTheLastAttempt() async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport(statuses: [500])
        let notifier = try workshop.notifier(transport, settings: Self.settings)
        let result = Self.result()
        #expect(await notifier.process(try Self.message(result, workshop)) == .done)
        #expect(transport.sent.count == 4)
        let letter = try #require(try workshop.deadLettersRead().first)
        #expect(letter.reason == "the merchant's endpoint refused it 4 times")
        #expect(try workshop.codec.result(from: letter.original) == result)
    }

    @Test func whileTheEndpointIsDownNoFailureCountsAndAllIsDeliveredWhenItIsBack() async throws {
        let workshop = Workshop()
        // Far more refusals than four payments have attempts.
        let transport = ScriptedTransport { _, index in OutgoingResponse(statusCode: index < 60 ? 503 : 200) }
        let notifier = try workshop.notifier(transport, settings: Self.settings)
        let messages = try (0..<4).map { try Self.message(Self.result("order-\($0)"), workshop) }
        let dispositions = await withTaskGroup(of: RecordDisposition.self) { group in
            for message in messages { group.addTask { await notifier.process(message) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(dispositions == [.done, .done, .done, .done])
        #expect(try workshop.deadLettersRead().isEmpty)
        #expect(notifier.isEndpointUp)
        let delivered = transport.sent.dropFirst(60).compactMap { $0.header("webhook-id") }
        #expect(delivered.count == 4)
        #expect(Set(delivered).count == 4)
    }

    @Test func aNotificationUnderWayWhenTheTaskEndsIsLeftToTheNextOwner() async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport(statuses: [500])
        var settings = Self.settings
        settings.backoff = Backoff(first: .seconds(600), cap: .seconds(600))
        let notifier = try workshop.notifier(transport, settings: settings)
        let message = try Self.message(Self.result(), workshop)
        let task = Task { await notifier.process(message) }
        await eventually("the first delivery") { transport.sent.count == 1 }
        task.cancel()
        #expect(await task.value == .leftForSuccessor)
        #expect(workshop.sender.attempts == 0)
    }

    @Test func aResultThatCannotBeReadIsADeadLetterAndANewerOneStopsThePartition() async throws {
        let workshop = Workshop()
        let transport = ScriptedTransport(statuses: [200])
        let notifier = try workshop.notifier(transport, settings: Self.settings)
        var poison = try Self.message(Self.result(), workshop)
        poison.value = Array("{}".utf8)
        #expect(await notifier.process(poison) == .done)
        #expect(try workshop.deadLettersRead().count == 1)
        let command = try workshop.message(Workshop.command(.pay))
        #expect(await notifier.process(command) == .stopPartition)
        #expect(transport.sent.isEmpty)
    }
}
