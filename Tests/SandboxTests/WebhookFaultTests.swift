import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct WebhookFaultTests {
    private func pay(_ sandbox: SandboxHarness, _ reference: String) async throws {
        let id = try await sandbox.genericPayment(reference)
        _ = try await sandbox.press(SandboxHarness.generic, id, "pay")
    }

    private func references(_ sandbox: SandboxHarness, _ count: Int) async throws -> [String] {
        try await sandbox.collector.first(count).compactMap { $0.json["reference"]?.text }
    }

    @Test func droppedWebhookNeverArrives() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(SandboxHarness.generic, #"{"operation":"webhook","kind":"drop","reference":"A"}"#)
            try await pay(sandbox, "A")
            try await pay(sandbox, "B")
            #expect(try await references(sandbox, 1) == ["B"])
        }
    }

    @Test func duplicatedWebhookArrivesTwiceWithOneEventID() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(SandboxHarness.generic, #"{"operation":"webhook","kind":"duplicate"}"#)
            try await pay(sandbox, "A")
            let both = try await sandbox.collector.first(2)
            #expect(both[0].json["eventId"] == both[1].json["eventId"])
        }
    }

    @Test(arguments: [#""kind":"reorder""#, #""kind":"delay","milliseconds":500"#])
    func heldWebhookArrivesAfterALaterOne(fault: String) async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(SandboxHarness.generic, #"{"operation":"webhook",\#(fault)}"#)
            try await pay(sandbox, "A")
            try await pay(sandbox, "B")
            #expect(try await references(sandbox, 2) == ["B", "A"])
        }
    }

    @Test func reorderedWebhookWithoutASuccessorArrivesAllTheSame() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(SandboxHarness.generic, #"{"operation":"webhook","kind":"reorder"}"#)
            try await pay(sandbox, "A")
            #expect(try await references(sandbox, 1) == ["A"])
        }
    }

    @Test func badSignatureIsWellFormedButWrong() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(SandboxHarness.stripe, #"{"operation":"webhook","kind":"badSignature"}"#)
            _ = try await sandbox.paidStripeSession()
            let webhook = try #require(try await sandbox.collector.first(1).first)
            let header = try #require(webhook.header("Stripe-Signature"))
            let time = try #require(header.split(separator: ",").first.flatMap { Int($0.dropFirst(2)) })
            let right = StripeEvent.signature(webhook.body, secret: "whsec_sandbox", unixSeconds: time)
            #expect(header != right)
            #expect(header.count == right.count)
        }
    }
}
