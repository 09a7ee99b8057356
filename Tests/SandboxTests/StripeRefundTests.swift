import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct StripeRefundTests {
    @Test func partialRefundsStopAtTheCharge() async throws {
        try await SandboxHarness.run { sandbox in
            let (_, intent) = try await sandbox.paidStripeSession()
            let form = "payment_intent=\(intent)&amount=250&metadata[refundId]=R-7"
            let first = try await sandbox.stripe(.POST, "/v1/refunds", form, key: "1")
            #expect(first["status"] == "succeeded")
            #expect(first["metadata.refundId"] == "R-7")
            let tooMuch = try await sandbox.stripe(
                .POST, "/v1/refunds", "payment_intent=\(intent)&amount=251", key: "2")
            #expect(
                tooMuch["error.message"]
                    == "Refund amount (€2.51) is greater than unrefunded amount on charge (€2.50)")
            let rest = try await sandbox.stripe(.POST, "/v1/refunds", "payment_intent=\(intent)", key: "3")
            #expect(rest["amount"] == 250)
            let none = try await sandbox.stripe(.POST, "/v1/refunds", "payment_intent=\(intent)", key: "4")
            #expect(none.status == 400)
            #expect(none["error.code"] == "charge_already_refunded")
            let list = try await sandbox.stripe(.GET, "/v1/refunds?payment_intent=\(intent)&limit=100")
            #expect(list["data.0.id"] == rest["id"])
            #expect(list["data.1.id"] == first["id"])
            #expect(list["has_more"] == false)
        }
    }

    @Test func sameKeyRefundsOnceAndNoKeyIsRefused() async throws {
        try await SandboxHarness.run { sandbox in
            let (_, intent) = try await sandbox.paidStripeSession()
            let form = "payment_intent=\(intent)&amount=100"
            let first = try await sandbox.stripe(.POST, "/v1/refunds", form, key: "1")
            let again = try await sandbox.stripe(.POST, "/v1/refunds", form, key: "1")
            #expect(again["id"] == first["id"])
            #expect(try await sandbox.stripe(.POST, "/v1/refunds", form).status == 400)
            #expect(try await sandbox.accounts(SandboxHarness.stripe)["totals.refundedMinorUnits"] == 100)
        }
    }

    @Test func unpaidAndUnknownPaymentsAreNotRefunded() async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.stripeSession()
            _ = try await sandbox.press(SandboxHarness.stripe, id, "later")
            let session = try await sandbox.stripe(.GET, "/v1/checkout/sessions/\(id)")
            let intent = try #require(session["payment_intent"]?.text)
            let unpaid = try await sandbox.stripe(.POST, "/v1/refunds", "payment_intent=\(intent)", key: "1")
            #expect(unpaid.status == 400)
            let unknown = try await sandbox.stripe(.POST, "/v1/refunds", "payment_intent=pi_none", key: "2")
            #expect(unknown.status == 404)
            #expect(unknown["error.code"] == "resource_missing")
            let zero = try await sandbox.stripe(.POST, "/v1/refunds", "payment_intent=\(intent)&amount=0", key: "3")
            #expect(zero["error.code"] == "parameter_invalid_integer")
        }
    }
}
