import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct StripeSubscriptionTests {
    private func subscribe(_ sandbox: SandboxHarness, more: String = "") async throws -> (Answer, String) {
        let created = try await sandbox.stripe(
            .POST, "/v1/checkout/sessions", StripeExamples.subscription + more, key: "k")
        let id = try #require(created["id"]?.text)
        try #require(try await sandbox.press(SandboxHarness.stripe, id, "pay").status == 303)
        let session = try await sandbox.stripe(.GET, "/v1/checkout/sessions/\(id)")
        return (session, try #require(session["subscription"]?.text))
    }

    @Test func completedSessionHasASubscriptionAndAPaidInvoice() async throws {
        try await SandboxHarness.run { sandbox in
            let (session, subscription) = try await subscribe(sandbox)
            #expect(session["payment_intent"] == .null)
            #expect(session["payment_status"] == "paid")
            let invoice = try #require(session["invoice"]?.text)
            let payments = try await sandbox.stripe(.GET, "/v1/invoice_payments?invoice=\(invoice)&status=paid")
            let intent = try #require(payments["data.0.payment.payment_intent"]?.text)
            let refund = try await sandbox.stripe(.POST, "/v1/refunds", "payment_intent=\(intent)", key: "r")
            #expect(refund["amount"] == 1500)
            let read = try await sandbox.stripe(.GET, "/v1/subscriptions/\(subscription)")
            #expect(read["status"] == "active")
            #expect(read["latest_invoice"] == .string(invoice))
            #expect(read["metadata.shopTransactionId"] == "R")
        }
    }

    @Test func trialNeedsNoPayment() async throws {
        try await SandboxHarness.run { sandbox in
            let (session, _) = try await subscribe(sandbox, more: "&subscription_data[trial_period_days]=7")
            #expect(session["payment_status"] == "no_payment_required")
            #expect(try await sandbox.accounts(SandboxHarness.stripe)["totals.chargedMinorUnits"] == 0)
        }
    }

    @Test func cancelledSubscriptionIsGoneForDeleteAndFixedForUpdates() async throws {
        try await SandboxHarness.run { sandbox in
            let (_, id) = try await subscribe(sandbox)
            let path = "/v1/subscriptions/\(id)"
            #expect(try await sandbox.stripe(.DELETE, path)["status"] == "canceled")
            let again = try await sandbox.stripe(.DELETE, path)
            #expect(again.status == 404)
            #expect(again["error.param"] == "id")
            #expect(try await sandbox.stripe(.POST, path, "cancel_at_period_end=true").status == 400)
            #expect(try await sandbox.stripe(.GET, path)["status"] == "canceled")
        }
    }

    @Test func endIsScheduledAtADayOrWithThePeriod() async throws {
        try await SandboxHarness.run { sandbox in
            let (_, id) = try await subscribe(sandbox)
            let path = "/v1/subscriptions/\(id)"
            let day = try await sandbox.stripe(.POST, path, "cancel_at=4102441199&proration_behavior=none")
            #expect(day["cancel_at"] == 4_102_441_199)
            #expect(try await sandbox.stripe(.POST, path, "cancel_at=")["cancel_at"] == .null)
            #expect(try await sandbox.stripe(.POST, path, "cancel_at=1").status == 400)
            let both = try await sandbox.stripe(.POST, path, "cancel_at=4102441199&cancel_at_period_end=true")
            #expect(both.status == 400)
            let end = try await sandbox.stripe(.POST, path, "cancel_at_period_end=true")
            #expect(end["cancel_at_period_end"] == true)
            _ = try await sandbox.send(.POST, "\(SandboxHarness.stripe)/__subscriptions/\(id)/renew")
            #expect(try await sandbox.stripe(.GET, path)["status"] == "canceled")
        }
    }

    @Test func renewalIsAnInvoiceOfItsOwnAndNoDoubleCharge() async throws {
        try await SandboxHarness.run { sandbox in
            let (_, id) = try await subscribe(sandbox)
            let control = "\(SandboxHarness.stripe)/__subscriptions/\(id)/renew"
            #expect(try await sandbox.send(.POST, control)["status"] == "active")
            #expect(try await sandbox.send(.POST, control + "?fail=1")["status"] == "past_due")
            let events = try await sandbox.collector.first(4).map(\.json)
            let cycles = events.filter { $0["data"]?["object"]?["billing_reason"] == "subscription_cycle" }
            #expect(Set(cycles.compactMap { $0["type"]?.text }) == ["invoice.paid", "invoice.payment_failed"])
            for cycle in cycles {
                let details = cycle["data"]?["object"]?["parent"]?["subscription_details"]
                #expect(details?["subscription"] == .string(id))
                #expect(details?["metadata"]?["shopTransactionId"] == "R")
            }
            let accounts = try await sandbox.accounts(SandboxHarness.stripe)
            #expect(accounts["totals.chargedMinorUnits"] == 3000)
            #expect(accounts["totals.chargedMoreThanOnce"] == 0)
            #expect(accounts["accounts.0.timesCharged"] == 1)
        }
    }

    @Test func subscriptionWithoutARecurringPriceOrWithPaymentDataIsRefused() async throws {
        try await SandboxHarness.run { sandbox in
            let once = StripeExamples.lineItem(
                "line_items[0][quantity]=1&line_items[0][price]=price_test", mode: "subscription")
            #expect(try await sandbox.stripe(.POST, "/v1/checkout/sessions", once, key: "1").status == 400)
            let wrong = StripeExamples.subscription + "&payment_intent_data[metadata][a]=b"
            let answer = try await sandbox.stripe(.POST, "/v1/checkout/sessions", wrong, key: "2")
            #expect(answer["error.param"] == "payment_intent_data")
        }
    }
}
