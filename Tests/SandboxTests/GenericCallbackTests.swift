import Foundation
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct GenericCallbackTests {
    @Test func postCallbackIsSignedOverTimeAndRawBody() async throws {
        try await SandboxHarness.run { sandbox in
            let id = try await sandbox.genericPayment("A")
            _ = try await sandbox.press(SandboxHarness.generic, id, "pay")
            let callback = try #require(try await sandbox.collector.first(1).first)
            #expect(callback.json["status"] == "captured")
            #expect(callback.json["paymentId"] == .string(id))
            let parts = try #require(callback.header("X-Generic-Signature")).split(separator: ",")
            let time = parts[0].dropFirst(2)
            let expected = Signature.hexadecimal(
                key: "generic-sandbox-secret", message: Array("\(time).".utf8) + callback.body)
            #expect(parts[1] == "v1=\(expected)")
        }
    }

    @Test func getCallbackSignsDecodedValuesAndKeepsTheQuery() async throws {
        try await SandboxHarness.run { sandbox in
            let body = #"""
                {"amount":500,"currency":"EUR","reference":"A&b c","method":"card",\#
                "callbackUrl":"\#(sandbox.collectorURL)?own=1","callbackMethod":"GET"}
                """#
            let id = try #require(try await sandbox.generic(.POST, "/v1/payments", body)["id"]?.text)
            _ = try await sandbox.press(SandboxHarness.generic, id, "decline")
            let callback = try #require(try await sandbox.collector.first(1).first)
            #expect(callback.method == "GET")
            #expect(callback.query["own"] == "1")
            #expect(callback.query["reference"] == "A&b c")
            #expect(callback.query["status"] == "declined")
            let names = ["eventId", "paymentId", "reference", "status", "t"]
            let message = try names.map { "\($0)=\(try #require(callback.query[$0]))" }.joined(separator: "&")
            let expected = Signature.hexadecimal(key: "generic-sandbox-secret", message: Array(message.utf8))
            #expect(callback.query["signature"] == expected)
        }
    }

    @Test func synchronousResultSendsNoCallback() async throws {
        try await SandboxHarness.run { sandbox in
            _ = try await sandbox.genericPayment("A", token: "OK")
            _ = try await sandbox.genericPayment("B", token: "KO")
            // A third payment's callback arrives after any of the first two would have.
            let id = try await sandbox.genericPayment("C")
            _ = try await sandbox.press(SandboxHarness.generic, id, "pay")
            let all = try await sandbox.collector.first(1)
            #expect(all.map { $0.json["reference"]?.text } == ["C"])
        }
    }

    @Test func refusedCallbackIsSentAgainAndCanBeResent() async throws {
        try await SandboxHarness.run { sandbox in
            sandbox.collector.refuse(1)
            let id = try await sandbox.genericPayment("A")
            _ = try await sandbox.press(SandboxHarness.generic, id, "pay")
            let twice = try await sandbox.collector.first(2)
            #expect(twice[0].json["eventId"] == twice[1].json["eventId"])
            let resent = try await sandbox.send(.POST, "\(SandboxHarness.generic)/__webhooks/\(id)")
            #expect(resent.status == 202)
            #expect(try await sandbox.collector.first(3)[2].body == twice[0].body)
        }
    }
}
