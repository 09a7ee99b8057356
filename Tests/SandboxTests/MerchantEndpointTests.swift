import Foundation
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct MerchantEndpointTests {
    private static let path = "\(SandboxHarness.merchant)/notifications"

    private func notify(
        _ sandbox: SandboxHarness, _ reference: String, headers: [String: String] = [:], path: String = Self.path
    ) async throws -> Answer {
        try await sandbox.send(.POST, path, headers: headers, body: #"{"shopTransactionID":"\#(reference)"}"#)
    }

    @Test func notificationsAreKeptListedAndEmptied() async throws {
        try await SandboxHarness.run { sandbox async throws in
            #expect(try await notify(sandbox, "A").status == 200)
            #expect(
                try await notify(sandbox, "B", headers: ["webhook-id": "w"], path: Self.path + "/sub").status == 200)
            #expect(try await sandbox.send(.POST, Self.path, body: "no json").status == 400)
            let all = try await sandbox.send(.GET, Self.path)
            #expect(all["count"] == 2)
            #expect(all["notifications.0.signatureVerified"] == .null)
            let one = try await sandbox.send(.GET, Self.path + "?shopTransactionID=B")
            #expect(one["count"] == 1)
            #expect(one["notifications.0.webhookId"] == "w")
            #expect(one["notifications.0.body.shopTransactionID"] == "B")
            let rest = try await sandbox.send(.GET, Self.path + "?after=1")
            #expect(rest["notifications"]?.elements?.count == 1)
            _ = try await sandbox.send(.DELETE, Self.path)
            #expect(try await sandbox.send(.GET, Self.path)["count"] == 0)
        }
    }

    @Test func signatureIsVerifiedWithAnyOfTheSecrets() async throws {
        // The example of the Standard Webhooks specification.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let body = Array(#"{"test": 2432232314}"#.utf8)
        let verifier = StandardWebhooks(secrets: ["whsec_AAAA", secret])
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        let verify = { (signatures: String?) in
            verifier.verify(
                webhookID: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330", signatures: signatures, body: body)
        }
        #expect(verify("v1,AAAA \(signature)") == true)
        #expect(verify("v1,AAAA") == false)
        #expect(verify(nil) == false)
    }

    @Test func merchantIsDownAsOftenAsTold() async throws {
        try await SandboxHarness.run { sandbox async throws in
            let fault = #"{"status":503,"count":1,"shopTransactionID":"A"}"#
            #expect(try await sandbox.send(.POST, "\(SandboxHarness.merchant)/__faults", body: fault).status == 201)
            #expect(try await notify(sandbox, "B").status == 200)
            #expect(try await notify(sandbox, "A").status == 503)
            #expect(try await notify(sandbox, "A").status == 200)
            #expect(try await sandbox.send(.GET, Self.path)["count"] == 2)
        }
    }

    @Test(arguments: [("cut", false, 1), ("hang", false, 1), ("cut", true, 2), ("status", true, 2)])
    func anOutageKeepsWhatItIsToldToKeep(kind: String, isAfter: Bool, count: Int) async throws {
        try await SandboxHarness.run { sandbox async throws in
            let faults = "\(SandboxHarness.merchant)/__faults"
            let fault = #"{"kind":"\#(kind)","afterEffect":\#(isAfter),"milliseconds":10,"count":1000,"status":500}"#
            #expect(try await sandbox.send(.POST, faults, body: fault).status == 201)
            if kind == "status" {
                #expect(try await notify(sandbox, "A").status == 500)
            } else {
                await #expect(throws: (any Error).self) { try await notify(sandbox, "A") }
            }
            _ = try await sandbox.send(.DELETE, faults)
            #expect(try await notify(sandbox, "A").status == 200)
            #expect(try await sandbox.send(.GET, Self.path)["count"] == .integer(count))
            #expect(try await sandbox.send(.POST, faults, body: #"{"kind":"sulk"}"#).status == 400)
        }
    }

    @Test func resultPagesExist() async throws {
        try await SandboxHarness.run { sandbox async throws in
            #expect(try await sandbox.send(.GET, "\(SandboxHarness.merchant)/success").status == 200)
            #expect(try await sandbox.send(.GET, "\(SandboxHarness.merchant)/failure").status == 200)
        }
    }
}
