import Foundation
import Shared
import Testing

/// Load over two workers, of which one is stopped politely and one is killed.
@Suite(.serialized)
struct WorkerLossTests {
    static let payments = 1000
    static let refunds = 300

    @Test(.timeLimit(.minutes(6)))
    func everyPaymentIsChargedAndNotifiedAlthoughWorkersGo() async throws {
        try await withInstallation(["LOG_LEVEL": "warning", "SANDBOX_LATENCY_MILLISECONDS": "50"]) { installation in
            let workers = try await installation.startAll(workers: 2)
            let charged = Counter()
            let control = Task {
                _ = try await eventually(within: .seconds(60)) { charged.value > Self.payments / 4 }
                workers[0].send(SIGTERM)
                try await installation.start("worker")
                _ = try await eventually(within: .seconds(60)) { charged.value > Self.payments / 2 }
                workers[1].send(SIGKILL)
                try await installation.start("worker")
            }
            try await inParallel(0..<Self.payments, width: 32) { index in
                try await pay(installation, "load-\(index)")
                charged.increment()
            }
            try await control.value
            try await inParallel(0..<Self.refunds, width: 16) { index in
                try await refund(installation, "load-\(index)", amount: "1.00")
            }
            try await inParallel(0..<Self.payments, width: 32) { index in
                let url = installation.apiURL + "/generic-provider/check?shopTransactionId=load-\(index)"
                let isTaken = try await eventually(within: .seconds(60)) { try await API.get(url).status == 202 }
                #expect(isTaken)
            }
            try await expectAccounts(installation)
            try await expectNotifications(installation)
        }
    }

    /// Pays until there is an answer that is no failure; 503 and 504 are what a merchant would repeat after asking.
    private func pay(_ installation: Installation, _ reference: String) async throws {
        let provider = installation.apiURL + "/generic-provider"
        let body = JSONValue.object([
            "amount": .string("10.00"), "shopTransactionID": .string(reference), "creditCardToken": .string("OK-1"),
        ])
        let isPaid = try await eventually(within: .seconds(120)) {
            let answer = try await API.post(provider + "/credit-cards/pay", body)
            if answer.status == 200 { return answer.body["result"]?.stringValue == "OK" }
            let status = try await API.get(provider + "/status?shopTransactionId=" + reference)
            return status.body["status"]?.stringValue == "ACCEPTED"
        }
        #expect(isPaid, "\(reference) was not paid")
    }

    private func refund(_ installation: Installation, _ reference: String, amount: String) async throws {
        let answer = try await API.post(
            installation.apiURL + "/generic-provider/credit-cards/refund",
            .object(["amount": .string(amount), "shopTransactionID": .string(reference)]))
        #expect(answer.body["result"]?.stringValue == "OK", "refund of \(reference): \(answer.status)")
    }

    private func expectAccounts(_ installation: Installation) async throws {
        let url = installation.sandboxURL + "/-/sandbox/generic-provider/__accounts?limit=1"
        let totals = try await API.get(url).body["totals"]
        #expect(totals?["chargedReferences"]?.integerValue == Int64(Self.payments))
        #expect(totals?["refundedMinorUnits"]?.integerValue == Int64(Self.refunds) * 100)
        // Without a journal a killed worker's calls are made again, under the same idempotency key: what the provider
        // charged twice all the same is shown, not hidden.
        let doubled = try #require(totals?["chargedMoreThanOnce"]?.integerValue)
        print("references charged: \(Self.payments), charged more than once: \(doubled)")
    }

    private func expectNotifications(_ installation: Installation) async throws {
        let url = installation.sandboxURL + "/-/merchant/notifications?limit=100000"
        let expected = Set((0..<Self.payments).map { "load-\($0)" })
        let allArrived = try await eventually(within: .seconds(90)) {
            let list = try await API.get(url).body["notifications"]?.arrayValue ?? []
            return Set(list.compactMap { $0["body"]?["shopTransactionID"]?.stringValue }).isSuperset(of: expected)
        }
        #expect(allArrived)
    }

    private func inParallel(
        _ range: Range<Int>, width: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in range {
                if index >= range.lowerBound + width { try await group.next() }
                group.addTask { try await body(index) }
            }
            try await group.waitForAll()
        }
    }
}
