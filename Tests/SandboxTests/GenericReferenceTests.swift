import Foundation
import NIOHTTP1
import Synchronization
import Testing

@testable import Sandbox

/// The caller's own references, which the demonstration provider keeps and shows, and when lists show a payment.
@Suite struct GenericReferenceTests {
    private static let own = #","attemptReference":"T-1""#

    @Test func anAttemptIsShownByItsPaymentInAllWays() async throws {
        try await SandboxHarness.run { sandbox in
            let made = try await sandbox.generic(.POST, "/v1/payments", sandbox.genericBody("A", more: Self.own))
            #expect(made["attemptReference"] == "T-1")
            let id = try #require(made["id"]?.text)
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(id)")["attemptReference"] == "T-1")
            #expect(try await sandbox.generic(.GET, "/v1/payments?reference=A")["data.0.attemptReference"] == "T-1")
            let other = try await sandbox.genericPayment("A")
            let list = try await sandbox.generic(.GET, "/v1/payments?reference=A")
            #expect(list["data.0.id"] == .string(other))
            #expect(list["data.0.attemptReference"] == .null)
            #expect(list["data.1.attemptReference"] == "T-1")
        }
    }

    @Test func capturesAndVoidsAreShownWithTheirReferences() async throws {
        try await SandboxHarness.run { sandbox in
            let manual = #","capture":"manual""#
            let taken = try await sandbox.genericPayment("A", token: "OK", more: manual)
            let before = try await sandbox.generic(.GET, "/v1/payments/\(taken)")
            #expect(before["captureReference"] == .null && before["voidReference"] == .null)
            let capture = #"{"amount":500,"captureReference":"C-1"}"#
            let captured = try await sandbox.generic(.POST, "/v1/payments/\(taken)/captures", capture)
            #expect(captured["captureReference"] == "C-1")
            let late = #"{"amount":500,"captureReference":"C-2"}"#
            #expect(try await sandbox.generic(.POST, "/v1/payments/\(taken)/captures", late).status == 409)
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(taken)")["captureReference"] == "C-1")
            let left = try await sandbox.genericPayment("A", token: "OK", more: manual)
            let voided = try await sandbox.generic(.POST, "/v1/payments/\(left)/void", #"{"voidReference":"V-1"}"#)
            #expect(voided["voidReference"] == "V-1")
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(left)")["voidReference"] == "V-1")
        }
    }

    @Test func aSessionIsShownWithItsReferenceAndItsTransactionHasNone() async throws {
        try await SandboxHarness.run { sandbox in
            let body = #"{"amount":700,"currency":"GBP","reference":"S","attemptReference":"T-1"}"#
            let token = try #require(try await sandbox.generic(.POST, "/v1/sessions", body)["token"]?.text)
            #expect(try await sandbox.generic(.GET, "/v1/sessions/\(token)")["attemptReference"] == "T-1")
            #expect(try await sandbox.press(SandboxHarness.generic, token, "pay").status == 200)
            let list = try await sandbox.generic(.GET, "/v1/payments?reference=S")
            #expect(list["data.0.status"] == "authorized")
            #expect(list["data.0.attemptReference"] == .null)
        }
    }

    @Test(arguments: [
        ("captures", #"{"amount":1,"voidReference":"V"}"#, "voidReference"),
        ("captures", #"{"amount":1,"captureReference":7}"#, "captureReference"),
        ("captures", #"{"amount":1,"captureReference":""}"#, "captureReference"),
        ("void", #"{"captureReference":"C"}"#, "captureReference"), ("void", #"{"voidReference":[]}"#, "voidReference"),
        ("expire", #"{"attemptReference":"T"}"#, "attemptReference"),
        ("refunds", #"{"amount":1,"refundReference":"R","attemptReference":"T"}"#, "attemptReference"),
    ])
    func aReferenceInTheWrongPlaceOrShapeIsRefused(operation: String, body: String, field: String) async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.genericPayment("A", token: "OK", more: #","capture":"manual""#)
            let answer = try await sandbox.generic(.POST, "/v1/payments/\(id)/\(operation)", body)
            #expect(answer.status == 400)
            #expect(answer["error.field"] == .string(field))
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(id)")["status"] == "authorized")
        }
    }

    @Test func aPaymentIsListedOnceItsLagIsOverAndKnownByItsIDAtOnce() async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_790_000_000))
        let clock: @Sendable () -> Date = { now.withLock { $0 } }
        try await SandboxHarness.run(configure: { $0.visibilityLag = .milliseconds(1500) }, now: clock) { sandbox in
            let id = try await sandbox.genericPayment("A", token: "OK")
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(id)")["status"] == "captured")
            #expect(try await sandbox.generic(.GET, "/v1/payments?reference=A")["data"] == [])
            now.withLock { $0 += 1.25 }
            #expect(try await sandbox.generic(.GET, "/v1/payments?reference=A")["data"] == [])
            // What is charged is charged, seen or not.
            #expect(try await sandbox.accounts(SandboxHarness.generic)["totals.chargedReferences"] == 1)
            now.withLock { $0 += 0.25 }
            #expect(try await sandbox.generic(.GET, "/v1/payments?reference=A")["data.0.id"] == .string(id))
        }
    }

    @Test func withoutALagAPaymentIsListedWhateverTheClockDoes() async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_790_000_000))
        let clock: @Sendable () -> Date = { now.withLock { $0 } }
        try await SandboxHarness.run(now: clock) { sandbox in
            let id = try await sandbox.genericPayment("A")
            now.withLock { $0 -= 5 }
            #expect(try await sandbox.generic(.GET, "/v1/payments?reference=A")["data.0.id"] == .string(id))
        }
    }
}
