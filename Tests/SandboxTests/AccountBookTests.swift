import Foundation
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct AccountBookTests {
    private let time = Date(timeIntervalSince1970: 1_700_000_000)

    @Test func secondPaymentOfAReferenceIsSeenAsADoubleCharge() {
        var book = AccountBook(maximumPayments: 10)
        for id in ["1", "2", "3"] {
            _ = book.open(paymentID: id, reference: id == "3" ? "B" : "A", amountMinorUnits: 5, status: "s", at: time)
            book.charge(paymentID: id, minorUnits: 5)
        }
        let report = book.report(reference: "A", after: 0, limit: 1)
        #expect(report["totals"]?["chargedMoreThanOnce"] == 1)
        #expect(report["totals"]?["chargedReferences"] == 2)
        #expect(report["totals"]?["chargedMinorUnits"] == 15)
        #expect(report["accounts"]?.elements?.first?["timesCharged"] == 2)
        #expect(report["accounts"]?.elements?.first?["payments"]?.elements?.count == 2)
    }

    @Test func oldestClosedPaymentsAreForgottenButStayInTheTotals() {
        var book = AccountBook(maximumPayments: 2)
        for id in ["1", "2", "3"] {
            let forgotten = book.open(
                paymentID: id, reference: "R" + id, amountMinorUnits: 5, status: "open", at: time)
            #expect(forgotten == (id == "3" ? ["2"] : []))
            if id != "1" { book.update(paymentID: id, status: "paid", isClosed: true) }
        }
        #expect(book.reference(paymentID: "1") == "R1")
        #expect(book.reference(paymentID: "2") == nil)
        #expect(book.report(reference: nil, after: 0, limit: 9)["totals"]?["payments"] == 3)
    }

    @Test func openPaymentsAreForgottenPastTwiceTheLimit() {
        var book = AccountBook(maximumPayments: 2)
        var forgotten: [String] = []
        for id in ["1", "2", "3", "4", "5"] {
            forgotten += book.open(paymentID: id, reference: id, amountMinorUnits: 5, status: "open", at: time)
        }
        #expect(forgotten.count == 1)
    }

    @Test func accountsArePagedByCursor() async throws {
        try await SandboxHarness.run { sandbox in
            for reference in ["A", "B", "C"] { _ = try await sandbox.genericPayment(reference, token: "OK") }
            let first = try await sandbox.accounts(SandboxHarness.generic, "?limit=2")
            #expect(first["accounts"]?.elements?.compactMap { $0["reference"]?.text } == ["A", "B"])
            let next = try #require(first["next"]?.integer)
            let second = try await sandbox.accounts(SandboxHarness.generic, "?limit=2&after=\(next)")
            #expect(second["accounts.0.reference"] == "C")
            #expect(second["next"] == .null)
            let one = try await sandbox.accounts(SandboxHarness.generic, "?reference=B")
            #expect(one["accounts"]?.elements?.count == 1)
            #expect(one["accounts.0.payments.0.chargedMinorUnits"] == 500)
            #expect(try await sandbox.accounts(SandboxHarness.generic, "?limit=-1").status == 400)
        }
    }

    @Test func forgottenPaymentsAreUnknownToTheProvider() async throws {
        try await SandboxHarness.run(configure: { $0.maximumPayments = 1 }) { sandbox in
            let first = try await sandbox.genericPayment("A", token: "OK")
            let second = try await sandbox.genericPayment("B", token: "OK")
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(first)").status == 404)
            #expect(try await sandbox.generic(.GET, "/v1/payments/\(second)").status == 200)
        }
    }
}
