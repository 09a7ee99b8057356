import Foundation
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct GenericProviderTests {
    @Test func requestWithoutTheRightKeyIsRefused() async throws {
        try await SandboxHarness.run { sandbox in
            let answer = try await sandbox.generic(.GET, "/v1/payments/gp_1", with: ["Authorization": "Bearer no"])
            #expect(answer.status == 401)
            #expect(answer["error.code"] == "unauthorized")
        }
    }

    @Test func unknownFieldMissingKeyAndWrongMediaTypeAreRefused() async throws {
        try await SandboxHarness.run { sandbox in
            let unknown = try await sandbox.generic(
                .POST, "/v1/payments", sandbox.genericBody("A", more: #","colour":"red""#))
            #expect(unknown.status == 400)
            #expect(unknown["error.field"] == "colour")
            let body = sandbox.genericBody("A")
            #expect(try await sandbox.generic(.POST, "/v1/payments", body, key: nil).status == 400)
            let long = String(repeating: "k", count: 256)
            #expect(try await sandbox.generic(.POST, "/v1/payments", body, key: long).status == 400)
            let plain = try await sandbox.generic(.POST, "/v1/payments", body, with: ["Content-Type": "text/plain"])
            #expect(plain["error.field"] == "Content-Type")
            #expect(try await sandbox.accounts(SandboxHarness.generic)["totals.payments"] == 0)
        }
    }

    @Test(arguments: [("OK-1", "captured"), ("KO-1", "declined"), ("PREAUTH-1", "pending"), ("other", "pending")])
    func tokenDecidesTheStatusAtCreation(token: String, status: String) async throws {
        try await SandboxHarness.run { sandbox in
            let answer = try await sandbox.generic(.POST, "/v1/payments", sandbox.genericBody("A", token: token))
            #expect(answer.status == 201)
            #expect(answer["status"] == .string(status))
            #expect((answer["pageUrl"]?.text != nil) == (status == "pending"))
            #expect(answer["declineReason"] == (status == "declined" ? "card declined" : .null))
        }
    }

    @Test func preauthorisedPaymentIsReservedThenCapturedOnce() async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.genericPayment("A", token: "PREAUTH")
            #expect(try await sandbox.generic(.POST, "/v1/payments/\(id)/captures", #"{"amount":1}"#).status == 409)
            #expect(try await sandbox.press(SandboxHarness.generic, id, "pay").status == 200)
            let tooMuch = try await sandbox.generic(.POST, "/v1/payments/\(id)/captures", #"{"amount":501}"#)
            #expect(tooMuch.status == 422)
            let captured = try await sandbox.generic(.POST, "/v1/payments/\(id)/captures", #"{"amount":400}"#)
            #expect(captured.status == 201)
            #expect(captured["capturedAmount"] == 400)
            #expect(try await sandbox.generic(.POST, "/v1/payments/\(id)/captures", #"{"amount":1}"#).status == 409)
            #expect(try await sandbox.accounts(SandboxHarness.generic)["totals.chargedMinorUnits"] == 400)
        }
    }

    @Test func reservationIsReleasedAndOpenPaymentExpires() async throws {
        try await SandboxHarness.run { sandbox in
            let reserved = try await sandbox.genericPayment("A", token: "OK", more: #","capture":"manual""#)
            let voided = try await sandbox.generic(.POST, "/v1/payments/\(reserved)/void", "{}")
            #expect(voided["status"] == "voided")
            #expect(try await sandbox.generic(.POST, "/v1/payments/\(reserved)/expire", "{}").status == 409)
            let open = try await sandbox.genericPayment("B")
            #expect(try await sandbox.generic(.POST, "/v1/payments/\(open)/expire", "{}")["status"] == "expired")
            #expect(try await sandbox.press(SandboxHarness.generic, open, "pay").status == 409)
        }
    }

    @Test func refundsAreLimitedToWhatWasCaptured() async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.genericPayment("A", token: "OK")
            let path = "/v1/payments/\(id)/refunds"
            let first = try await sandbox.generic(.POST, path, #"{"amount":300,"refundReference":"R1"}"#)
            #expect(first.status == 201)
            #expect(first["refundReference"] == "R1")
            let second = try await sandbox.generic(.POST, path, #"{"amount":201,"refundReference":"R2"}"#)
            #expect(second.status == 422)
            #expect(second["error.code"] == "refund_exceeds_captured")
            let list = try await sandbox.generic(.GET, path)
            #expect(list["data"]?.elements?.count == 1)
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(id)")["refundedAmount"] == 300)
        }
    }

    @Test func sameKeyGivesTheSameAnswerAndAnotherBodyIsRefused() async throws {
        try await SandboxHarness.run { sandbox in
            let body = sandbox.genericBody("A", token: "OK")
            let first = try await sandbox.generic(.POST, "/v1/payments", body, key: "k")
            let again = try await sandbox.generic(.POST, "/v1/payments", body, key: "k")
            #expect(again.body == first.body)
            #expect(again.headers.first(name: "Idempotent-Replayed") == "true")
            #expect(first.headers.first(name: "Idempotent-Replayed") == nil)
            let other = try await sandbox.generic(.POST, "/v1/payments", sandbox.genericBody("B"), key: "k")
            #expect(other.status == 422)
            #expect(other["error.code"] == "idempotency_mismatch")
            #expect(try await sandbox.accounts(SandboxHarness.generic)["totals.payments"] == 1)
        }
    }

    @Test func sameKeyWhileTheFirstRequestRunsIsAConflict() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(
                SandboxHarness.generic, #"{"operation":"create","kind":"latency","milliseconds":1000}"#)
            let body = sandbox.genericBody("A", token: "OK")
            async let slow = sandbox.generic(.POST, "/v1/payments", body, key: "k")
            // The fault is used up as soon as the first request runs.
            try await sandbox.untilFaultStruck(SandboxHarness.generic)
            let second = try await sandbox.generic(.POST, "/v1/payments", body, key: "k")
            #expect(second.status == 409)
            #expect(second["error.code"] == "idempotency_in_progress")
            #expect(try await slow.status == 201)
        }
    }

    @Test func paymentsOfAReferenceAreListedNewestFirst() async throws {
        try await SandboxHarness.run { sandbox in
            let first = try await sandbox.genericPayment("A b")
            let second = try await sandbox.genericPayment("A b")
            let list = try await sandbox.generic(.GET, "/v1/payments?reference=A%20b")
            #expect(list["data.0.id"] == .string(second))
            #expect(list["data.1.id"] == .string(first))
            #expect(try await sandbox.generic(.GET, "/v1/payments/gp_none").status == 404)
        }
    }

    @Test func instalmentIsChargedOnlyForAKnownSeries() async throws {
        try await SandboxHarness.run { sandbox in
            let first = try await sandbox.generic(
                .POST, "/v1/payments", sandbox.genericBody("A", token: "OK", more: #","recurrence":{"first":true}"#))
            let token = try #require(first["recurrenceToken"]?.text)
            let later = #","recurrence":{"first":false,"token":"\#(token)"}"#
            #expect(
                try await sandbox.generic(.POST, "/v1/payments", sandbox.genericBody("B", more: later))["status"]
                    == "captured")
            let id = try #require(first["id"]?.text)
            let byID = #","recurrence":{"first":false,"previousPaymentId":"\#(id)"}"#
            #expect(
                try await sandbox.generic(.POST, "/v1/payments", sandbox.genericBody("C", more: byID))["status"]
                    == "captured")
            let unknown = #","recurrence":{"first":false,"token":"gt_none"}"#
            #expect(
                try await sandbox.generic(.POST, "/v1/payments", sandbox.genericBody("D", more: unknown)).status == 422)
        }
    }

    @Test func sessionIsAuthorisedOnItsPageAndConfirmedAsAPayment() async throws {
        try await SandboxHarness.run { sandbox in
            let opened = try await sandbox.generic(
                .POST, "/v1/sessions", #"{"amount":700,"currency":"GBP","reference":"S"}"#)
            #expect(opened["status"] == "open")
            let token = try #require(opened["token"]?.text)
            #expect(try await sandbox.generic(.GET, "/v1/sessions/\(token)")["transactionId"] == .null)
            #expect(try await sandbox.press(SandboxHarness.generic, token, "pay").status == 200)
            let checked = try await sandbox.generic(.GET, "/v1/sessions/\(token)")
            #expect(checked["status"] == "authorized")
            let transaction = try #require(checked["transactionId"]?.text)
            let confirmed = try await sandbox.generic(
                .POST, "/v1/payments/\(transaction)/captures", #"{"amount":700}"#)
            #expect(confirmed["authCode"]?.text == checked["authCode"]?.text)
            #expect(try await sandbox.generic(.GET, "/v1/sessions/\(token)")["status"] == "captured")
            let refund = try await sandbox.generic(
                .POST, "/v1/payments/\(transaction)/refunds", #"{"amount":100,"refundReference":"R"}"#)
            #expect(refund["authCode"]?.text != nil)
        }
    }

    @Test func pageSendsTheShopperToTheAddressOfTheOutcome() async throws {
        try await SandboxHarness.run { sandbox in
            let urls = #","successUrl":"https://shop.example/ok","failureUrl":"https://shop.example/ko""#
            let paid = try await sandbox.genericPayment("A", more: urls)
            let page = try await sandbox.send(.GET, "\(SandboxHarness.generic)/__pages/\(paid)")
            #expect(page.text.contains("Pay</button>") && page.text.contains("Decline</button>"))
            let answer = try await sandbox.press(SandboxHarness.generic, paid, "pay")
            #expect(answer.status == 303)
            #expect(answer.headers.first(name: "Location") == "https://shop.example/ok")
            let declined = try await sandbox.genericPayment("B", more: urls)
            let refused = try await sandbox.press(SandboxHarness.generic, declined, "decline")
            #expect(refused.headers.first(name: "Location") == "https://shop.example/ko")
        }
    }
}
