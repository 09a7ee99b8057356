import Foundation
import Shared
import Testing

/// The main job, on separate processes.
@Suite(.serialized)
struct PaymentJourneyTests {
    @Test(.timeLimit(.minutes(3)))
    func aPaymentOfTheDemonstrationProviderTravelsTheWholeSystem() async throws {
        try await withInstallation { installation in
            _ = try await installation.startAll(workers: 1)
            let provider = installation.apiURL + "/generic-provider"
            let paid = try await API.post(
                provider + "/credit-cards/pay",
                .object([
                    "amount": .string("5.00"), "shopTransactionID": .string("123456789"),
                    "creditCardToken": .string("47FKMUVK9PPK2026"),
                ]))
            #expect(paid.status == 200)
            #expect(paid.body["result"]?.stringValue == "REDIRECT_TO_URL")
            let page = try #require(paid.body["redirectToUrl"]?.stringValue)
            let paymentID = try #require(paid.body["paymentID"]?.stringValue)
            #expect(
                try await API.get(provider + "/status?paymentId=" + paymentID).body["status"]?.stringValue == "PENDING")
            _ = try await API.post(page + "/pay")
            try await expectNotifications(installation, of: "123456789", count: 1) { body in
                body["providerName"]?.stringValue == "generic-provider"
                    && body["paymentType"]?.stringValue == "CREDITCARD"
                    && body["isSuccessful"]?.booleanValue == true && body["paymentID"]?.stringValue == paymentID
            }
            let status = try await API.get(provider + "/status?shopTransactionId=123456789")
            #expect(status.body["status"]?.stringValue == "ACCEPTED")
            let check = try await API.get(provider + "/check?shopTransactionID=123456789")
            #expect(check.status == 202)
            #expect(check.body["commandID"]?.stringValue == check.headers["x-request-id"])
            try await expectNotifications(installation, of: "123456789", count: 2) { _ in true }
            try await expectRefunds(
                provider + "/credit-cards/refund", ["shopTransactionID": .string("123456789")],
                [("2.00", "OK"), ("2.00", "OK"), ("1.01", "KO"), ("1.00", "OK")])
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func aPaymentOfStripeTravelsTheWholeSystem() async throws {
        try await withInstallation { installation in
            _ = try await installation.startAll(workers: 1)
            let provider = installation.apiURL + "/stripe"
            let paid = try await API.post(
                provider + "/stripe/pay",
                .object([
                    "amount": .string("7.50"), "shopTransactionID": .string("order-77"),
                    "successRedirect": .string("https://shop.example/ok"),
                    "failureRedirect": .string("https://shop.example/ko"),
                ]))
            #expect(paid.body["result"]?.stringValue == "REDIRECT_TO_URL")
            let page = try #require(paid.body["redirectToUrl"]?.stringValue)
            let paymentID = try #require(paid.body["paymentID"]?.stringValue)
            let back = try await API.post(page + "/pay")
            #expect(back.status == 303)
            #expect(back.headers["location"] == "https://shop.example/ok")
            try await expectNotifications(installation, of: "order-77", count: 1) { body in
                body["providerName"]?.stringValue == "STRIPE" && body["isSuccessful"]?.booleanValue == true
                    && body["paymentID"]?.stringValue == paymentID
            }
            let status = try await API.get(provider + "/status?paymentID=" + paymentID)
            #expect(status.body["status"]?.stringValue == "ACCEPTED")
            try await expectRefunds(
                provider + "/credit-cards/refund", ["paymentID": .string(paymentID)],
                [("5.00", "OK"), ("2.00", "OK"), ("0.51", "KO")])
            // Without an amount all that is left goes back.
            try await expectRefunds(
                provider + "/stripe/refund", ["paymentID": .string(paymentID)], [(nil, "OK"), (nil, "KO")])
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func nothingSensitiveIsReadableInAnyTopic() async throws {
        try await withInstallation { installation in
            _ = try await installation.startAll(workers: 1)
            let secrets = ["47FKMUVK9PPK2026SECRET", "buyer@mail.example", "shop.example/thanks", "NONCE-0815"]
            let paid = try await API.post(
                installation.apiURL + "/generic-provider/credit-cards/pay",
                .object([
                    "amount": .string("5.00"), "shopTransactionID": .string("sealed-1"),
                    "creditCardToken": .string(secrets[0]), "buyerEmail": .string(secrets[1]),
                    "successRedirect": .string("https://" + secrets[2]), "nonce": .string(secrets[3]),
                ]))
            let page = try #require(paid.body["redirectToUrl"]?.stringValue)
            _ = try await API.post(page + "/pay")
            try await expectNotifications(installation, of: "sealed-1", count: 1) { _ in true }
            let records = try await TopicDump.records(of: installation)
            // Command, reply, callback command, two results.
            #expect(records.count >= 5)
            #expect(records.contains { $0.contains("sealed-1") }, "references are in clear")
            for secret in secrets + [page, "4242"] {
                #expect(!records.contains { $0.contains(secret) }, "readable: \(secret)")
            }
        }
    }

    private func expectRefunds(
        _ url: String, _ reference: [String: JSONValue], _ refunds: [(amount: String?, result: String)]
    ) async throws {
        for (amount, result) in refunds {
            var body = reference
            body["amount"] = amount.map { .string($0) }
            let answer = try await API.post(url, .object(body))
            #expect(answer.status == 200)
            #expect(answer.body["result"]?.stringValue == result, "refund of \(amount ?? "the rest")")
        }
    }

    private func expectNotifications(
        _ installation: Installation, of reference: String, count: Int,
        _ isExpected: @Sendable (JSONValue) -> Bool
    ) async throws {
        let url = installation.sandboxURL + "/-/merchant/notifications?shopTransactionID=" + reference
        let arrived = try await eventually(within: .seconds(20)) {
            (try await API.get(url).body["notifications"]?.arrayValue?.count ?? 0) >= count
        }
        #expect(arrived)
        let notifications = try await API.get(url).body["notifications"]?.arrayValue ?? []
        #expect(notifications.count == count)
        for notification in notifications {
            #expect(notification["signatureVerified"]?.booleanValue == true)
            #expect(isExpected(notification["body"] ?? .null))
        }
        #expect(Set(notifications.compactMap { $0["webhookId"]?.stringValue }).count == 1)
    }
}
