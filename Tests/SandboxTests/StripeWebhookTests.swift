import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct StripeWebhookTests {
    @Test(arguments: [
        (
            1_492_774_577, #"{"id":"evt_test_webhook","object":"event"}"#,
            "88a022085c6bdb887b02cb26ff76dd681234d9675c0f22844059f55552a8883a"
        ),
        (
            1_700_000_000,
            "{\n  \"id\": \"evt_1\",\n  \"object\": \"event\",\n  \"type\": \"checkout.session.completed\"\n}",
            "906de857d4c6924d679dd5c2e154e492408e6bb65f97a8c9bb8e4eba1cdaa552"
        ),
    ])
    func signatureMatchesThePublishedVectors(time: Int, body: String, code: String) {
        let header = StripeEvent.signature(Array(body.utf8), secret: "whsec_test_secret", unixSeconds: time)
        #expect(header == "t=\(time),v1=\(code)")
    }

    @Test func completionIsSentInTheEnvelopeWithAValidSignature() async throws {
        try await SandboxHarness.run { sandbox in
            let (id, intent) = try await sandbox.paidStripeSession()
            let webhook = try #require(try await sandbox.collector.first(1).first)
            #expect(webhook.json["object"] == "event")
            #expect(webhook.json["type"] == "checkout.session.completed")
            let session = webhook.json["data"]?["object"]
            #expect(session?["id"] == .string(id))
            #expect(session?["payment_intent"] == .string(intent))
            #expect(session?["payment_status"] == "paid")
            let header = try #require(webhook.header("Stripe-Signature"))
            let time = try #require(header.split(separator: ",").first.flatMap { Int($0.dropFirst(2)) })
            #expect(header == StripeEvent.signature(webhook.body, secret: "whsec_sandbox", unixSeconds: time))
        }
    }

    @Test(arguments: [("settle", "async_payment_succeeded"), ("fail", "async_payment_failed")])
    func delayedOutcomeIsAnEventOfItsOwn(action: String, type: String) async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.stripeSession()
            _ = try await sandbox.press(SandboxHarness.stripe, id, "later")
            _ = try await sandbox.collector.first(1)
            _ = try await sandbox.press(SandboxHarness.stripe, id, action)
            let types = try await sandbox.collector.first(2).map { $0.json["type"]?.text }
            #expect(types == ["checkout.session.completed", "checkout.session.\(type)"])
        }
    }

    @Test func expiryAndRefundAreEvents() async throws {
        try await SandboxHarness.run { sandbox in
            let open = try await sandbox.stripeSession("A")
            _ = try await sandbox.stripe(.POST, "/v1/checkout/sessions/\(open)/expire")
            #expect(try await sandbox.collector.first(1)[0].json["type"] == "checkout.session.expired")
            let (_, intent) = try await sandbox.paidStripeSession("B")
            _ = try await sandbox.collector.first(2)
            _ = try await sandbox.stripe(.POST, "/v1/refunds", "payment_intent=\(intent)&amount=200", key: "r")
            let event = try await sandbox.collector.first(3)[2].json
            #expect(event["type"] == "charge.refunded")
            #expect(event["data"]?["object"]?["amount_refunded"] == 200)
            #expect(event["data"]?["object"]?["refunded"] == false)
        }
    }
}
