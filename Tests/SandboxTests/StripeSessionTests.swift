import Foundation
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct StripeSessionTests {
    private static let sessions = "/v1/checkout/sessions"

    @Test func recordedExampleCreatesAnOpenSession() async throws {
        try await SandboxHarness.run { sandbox in
            let answer = try await sandbox.stripe(.POST, Self.sessions, StripeExamples.payment("ORDER-42"), key: "k")
            #expect(answer.status == 200)
            #expect(answer.headers.first(name: "Request-Id")?.hasPrefix("req_") == true)
            let id = try #require(answer["id"]?.text)
            #expect(id.hasPrefix("cs_test_"))
            #expect(answer["url"] == .string("http://sandbox.test/-/sandbox/stripe/__pages/\(id)"))
            #expect(answer["amount_total"] == 500)
            #expect(answer["status"] == "open")
            #expect(answer["payment_intent"] == .null)
            #expect(answer["client_reference_id"] == "ORDER-42")
            #expect(answer["metadata.shopTransactionId"] == "ORDER-42")
        }
    }

    @Test(arguments: ["Authorization", "Stripe-Version", "Content-Type", "Idempotency-Key"])
    func missingHeaderIsRefused(name: String) async throws {
        try await SandboxHarness.run { sandbox in
            let answer = try await sandbox.stripe(
                .POST, Self.sessions, StripeExamples.payment("A"), key: "k", without: name)
            #expect(answer.status == (name == "Authorization" ? 401 : 400))
            #expect(answer["error.type"] == "invalid_request_error")
            #expect(try await sandbox.accounts(SandboxHarness.stripe)["totals.payments"] == 0)
        }
    }

    @Test(arguments: [("2026-07-29.dahlia", 404), ("2022-11-15", 404), ("latest", 400), ("2026-07-29.", 400)])
    func versionMustBeADay(version: String, status: Int) async throws {
        try await SandboxHarness.run { sandbox in
            let answer = try await sandbox.stripe(
                .GET, "\(Self.sessions)/cs_none", with: ["Stripe-Version": version])
            #expect(answer.status == status)
        }
    }

    @Test func wrongKeyIsRefusedAndBasicAuthenticationAccepted() async throws {
        try await SandboxHarness.run { sandbox in
            let path = "\(Self.sessions)/cs_none"
            #expect(try await sandbox.stripe(.GET, path, with: ["Authorization": "Bearer sk_no"]).status == 401)
            let basic = "Basic " + Data("sk_test_sandbox:".utf8).base64EncodedString()
            let answer = try await sandbox.stripe(.GET, path, with: ["Authorization": basic])
            #expect(answer.status == 404)
            #expect(answer["error.code"] == "resource_missing")
        }
    }

    @Test(arguments: [
        ("&colour=red", "parameter_unknown", "colour"),
        ("&line_items[0][price_data][unit_amout]=1", "parameter_unknown", "line_items[0][price_data][unit_amout]"),
        ("&expires_at=soon", "parameter_invalid_integer", "expires_at"),
        ("&expand[]=colour", nil, "expand"),
        ("&expires_at=1", nil, "expires_at"),
        ("&subscription_data[metadata][a]=b", nil, "subscription_data"),
        ("&cancel_url=nowhere", "url_invalid", "cancel_url"),
    ])
    func wrongParameterIsRefusedWithoutBeingStored(more: String, code: String?, parameter: String) async throws {
        try await SandboxHarness.run { sandbox in
            let good = StripeExamples.payment("A")
            let answer = try await sandbox.stripe(.POST, Self.sessions, good + more, key: "k")
            #expect(answer.status == 400)
            #expect(answer["error.code"]?.text == code)
            #expect(answer["error.param"] == .string(parameter))
            #expect(try await sandbox.stripe(.POST, Self.sessions, good, key: "k").status == 200)
        }
    }

    @Test func amountBelowTheMinimumIsRefusedAndTheRefusalIsStored() async throws {
        try await SandboxHarness.run { sandbox in
            let form = StripeExamples.payment("A", cents: 49)
            let answer = try await sandbox.stripe(.POST, Self.sessions, form, key: "k")
            #expect(answer.status == 400)
            #expect(answer["error.code"] == "amount_too_small")
            let again = try await sandbox.stripe(.POST, Self.sessions, form, key: "k")
            #expect(again.headers.first(name: "Idempotent-Replayed") == "true")
            let other = try await sandbox.stripe(.POST, Self.sessions, StripeExamples.payment("A"), key: "k")
            #expect(other.status == 400)
            #expect(other["error.type"] == "idempotency_error")
        }
    }

    @Test func sameKeyGivesTheSameSession() async throws {
        try await SandboxHarness.run { sandbox in
            let form = StripeExamples.payment("A")
            let first = try await sandbox.stripe(.POST, Self.sessions, form, key: "k")
            let again = try await sandbox.stripe(.POST, Self.sessions, form, key: "k")
            #expect(again["id"] == first["id"])
            #expect(try await sandbox.accounts(SandboxHarness.stripe)["totals.payments"] == 1)
        }
    }

    @Test func sameKeyWhileTheFirstRequestRunsIsAConflict() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(
                SandboxHarness.stripe, #"{"operation":"create","kind":"latency","milliseconds":1000}"#)
            async let slow = sandbox.stripe(.POST, Self.sessions, StripeExamples.payment("A"), key: "k")
            try await sandbox.untilFaultStruck(SandboxHarness.stripe)
            let second = try await sandbox.stripe(.POST, Self.sessions, StripeExamples.payment("A"), key: "k")
            #expect(second.status == 409)
            #expect(second["error.code"] == "idempotency_key_in_use")
            #expect(try await slow.status == 200)
        }
    }

    @Test(arguments: [
        ("line_items[0][quantity]=2&line_items[0][price]=price_test", 1000),
        (
            "line_items[0][quantity]=3&line_items[0][price_data][currency]=eur"
                + "&line_items[0][price_data][unit_amount]=250&line_items[0][price_data][product]=prod_extra", 750
        ),
        (
            "line_items[0][quantity]=1&line_items[0][price_data][currency]=eur"
                + "&line_items[0][price_data][unit_amount]=100"
                + "&line_items[0][price_data][product_data][name]=a+b", 100
        ),
    ])
    func eachShapeOfProductIsAccepted(item: String, total: Int) async throws {
        try await SandboxHarness.run { sandbox in
            let answer = try await sandbox.stripe(.POST, Self.sessions, StripeExamples.lineItem(item), key: "k")
            #expect(answer["amount_total"] == .integer(total))
        }
    }

    @Test(arguments: [
        "line_items[0][quantity]=1&line_items[0][price]=price_none",
        "line_items[0][quantity]=1&line_items[0][price]=price_monthly",
        "line_items[0][price]=price_test", "line_items[0][quantity]=0&line_items[0][price]=price_test",
        "line_items[0][quantity]=1", "locale=it",
    ])
    func impossibleLineItemIsRefused(item: String) async throws {
        try await SandboxHarness.run { sandbox in
            let answer = try await sandbox.stripe(.POST, Self.sessions, StripeExamples.lineItem(item), key: "k")
            #expect(answer.status == 400)
        }
    }

    @Test func paidSessionIsCompleteAndSendsTheBrowserBack() async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.stripeSession()
            let paid = try await sandbox.press(SandboxHarness.stripe, id, "pay")
            #expect(paid.status == 303)
            #expect(
                paid.headers.first(name: "Location") == "https://gw.example.com/stripe/return?session_id=\(id)")
            let session = try await sandbox.stripe(.GET, "\(Self.sessions)/\(id)?expand[]=payment_intent")
            #expect(session["status"] == "complete")
            #expect(session["payment_status"] == "paid")
            #expect(session["url"] == .null)
            #expect(session["payment_intent.status"] == "succeeded")
            #expect(session["payment_intent.metadata.shopTransactionId"] == "ORDER-42")
            #expect(try await sandbox.press(SandboxHarness.stripe, id, "pay").status == 409)
        }
    }

    @Test func declinedCardLeavesTheSessionOpen() async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.stripeSession()
            let page = try await sandbox.press(SandboxHarness.stripe, id, "decline")
            #expect(page.status == 200)
            #expect(page.text.contains("declined") && page.text.contains("Pay later</button>"))
            #expect(try await sandbox.stripe(.GET, "\(Self.sessions)/\(id)")["status"] == "open")
            #expect(try await sandbox.press(SandboxHarness.stripe, id, "pay").status == 303)
        }
    }

    @Test(arguments: [("settle", "succeeded", "paid"), ("fail", "requires_payment_method", "unpaid")])
    func delayedPaymentIsSettledLater(action: String, intent: String, status: String) async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.stripeSession()
            _ = try await sandbox.press(SandboxHarness.stripe, id, "later")
            let path = "\(Self.sessions)/\(id)?expand[]=payment_intent"
            let before = try await sandbox.stripe(.GET, path)
            #expect(before["status"] == "complete")
            #expect(before["payment_status"] == "unpaid")
            #expect(before["payment_intent.status"] == "processing")
            #expect(try await sandbox.accounts(SandboxHarness.stripe)["totals.chargedMinorUnits"] == 0)
            _ = try await sandbox.press(SandboxHarness.stripe, id, action)
            let after = try await sandbox.stripe(.GET, path)
            #expect(after["payment_status"] == .string(status))
            #expect(after["payment_intent.status"] == .string(intent))
        }
    }

    @Test func onlyAnOpenSessionIsExpired() async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.stripeSession()
            let expired = try await sandbox.stripe(.POST, "\(Self.sessions)/\(id)/expire")
            #expect(expired["status"] == "expired")
            let again = try await sandbox.stripe(.POST, "\(Self.sessions)/\(id)/expire")
            #expect(again.status == 400)
            #expect(again["error.message"]?.text?.contains("status of `expired`") == true)
            #expect(try await sandbox.press(SandboxHarness.stripe, id, "pay").status == 409)
            #expect(try await sandbox.stripe(.POST, "\(Self.sessions)/cs_none/expire").status == 404)
        }
    }
}
