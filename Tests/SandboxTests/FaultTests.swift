import NIOCore
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct FaultTests {
    private func create(_ sandbox: SandboxHarness, _ reference: String = "A", key: String = "k") async throws -> Answer
    {
        try await sandbox.generic(.POST, "/v1/payments", sandbox.genericBody(reference, token: "OK"), key: key)
    }

    private func payments(_ sandbox: SandboxHarness) async throws -> JSONValue? {
        try await sandbox.accounts(SandboxHarness.generic)["totals.payments"]
    }

    @Test(arguments: [("cutBefore", 0), ("cutAfter", 1)])
    func cutConnectionHasAnEffectOnlyAfterwards(kind: String, count: Int) async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(SandboxHarness.generic, #"{"operation":"create","kind":"\#(kind)"}"#)
            await #expect(throws: (any Error).self) { try await create(sandbox) }
            #expect(try await payments(sandbox) == .integer(count))
            #expect(try await create(sandbox).status == 201)
            #expect(try await payments(sandbox) == 1)
        }
    }

    @Test(arguments: [(false, 0), (true, 1)])
    func statusComesBeforeOrAfterTheEffect(isAfter: Bool, count: Int) async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(
                SandboxHarness.generic,
                #"""
                {"operation":"*","kind":"status","status":503,"retryAfterSeconds":7,"body":"down",\#
                "afterEffect":\#(isAfter)}
                """#
            )
            let answer = try await create(sandbox)
            #expect(answer.status == 503)
            #expect(answer.text == "down")
            #expect(answer.headers.first(name: "Retry-After") == "7")
            #expect(try await payments(sandbox) == .integer(count))
        }
    }

    @Test func malformedAnswerIsCutInHalf() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(SandboxHarness.generic, #"{"operation":"create","kind":"malformed"}"#)
            let answer = try await create(sandbox)
            #expect(answer.status == 201)
            #expect(JSONParser.parse(answer.body) == nil)
            #expect(try await payments(sandbox) == 1)
        }
    }

    @Test func hangingOperationIsClosedWithoutEffect() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(
                SandboxHarness.generic, #"{"operation":"create","kind":"hang","milliseconds":50}"#)
            await #expect(throws: (any Error).self) { try await create(sandbox) }
            #expect(try await payments(sandbox) == 0)
        }
    }

    @Test func faultStrikesOnlyItsOperationItsReferenceAndAsOftenAsTold() async throws {
        try await SandboxHarness.run { sandbox in
            try await sandbox.fault(
                SandboxHarness.generic, #"{"operation":"create","reference":"B","kind":"status","count":2}"#)
            #expect(try await create(sandbox, "A", key: "1").status == 201)
            #expect(try await create(sandbox, "B", key: "2").status == 500)
            #expect(try await create(sandbox, "B", key: "2").status == 500)
            #expect(try await create(sandbox, "B", key: "2").status == 201)
        }
    }

    @Test func faultsAreListedDeletedAndChecked() async throws {
        try await SandboxHarness.run { sandbox in
            let path = "\(SandboxHarness.stripe)/__faults"
            try await sandbox.fault(SandboxHarness.stripe, #"{"operation":"get","kind":"status","probability":0.5}"#)
            let listed = try await sandbox.send(.GET, path)
            #expect(listed["faults.0.operation"] == "get")
            #expect(listed["faults.0.count"] == .null)
            try await sandbox.fault(SandboxHarness.stripe, #"{"operation":"get","kind":"status"}"#)
            #expect(try await sandbox.send(.GET, path)["faults.1.count"] == 1)
            for wrong in [
                #"{"operation":"get"}"#, #"{"operation":"get","kind":"drop"}"#,
                #"{"operation":"webhook","kind":"hang"}"#,
                #"{"operation":"get","kind":"status","colour":1}"#, #"{"operation":"get","kind":"status","count":0}"#,
            ] {
                #expect(try await sandbox.send(.POST, path, body: wrong).status == 400)
            }
            #expect(try await sandbox.send(.DELETE, path).status == 200)
            #expect(try await sandbox.send(.GET, path)["faults"] == [])
        }
    }

    @Test func aDelayMayBeAnotherEachTime() throws {
        func fault(_ delays: String) throws -> Fault? {
            Fault(try #require(JSONParser.parse(Array(#"{"operation":"*","kind":"latency",\#(delays)}"#.utf8))))
        }
        let range = try #require(try fault(#""milliseconds":6000,"millisecondsMax":15000"#))
        let delays = (0..<100).map { _ in range.duration }
        #expect(delays.allSatisfy { $0 >= .seconds(6) && $0 <= .seconds(15) })
        #expect(Set(delays).count > 1)
        #expect(try fault(#""milliseconds":70"#)?.duration == .milliseconds(70))
        #expect(try fault(#""milliseconds":2,"millisecondsMax":1"#) == nil)
    }

    @Test func stripeRefundWithALostAnswerIsDoneOnce() async throws {
        try await SandboxHarness.run { sandbox in
            let (_, intent) = try await sandbox.paidStripeSession("A")
            try await sandbox.fault(
                SandboxHarness.stripe, #"{"operation":"refund","reference":"A","kind":"cutAfter"}"#)
            let form = "payment_intent=\(intent)&amount=100"
            await #expect(throws: (any Error).self) {
                try await sandbox.stripe(.POST, "/v1/refunds", form, key: "r")
            }
            let again = try await sandbox.stripe(.POST, "/v1/refunds", form, key: "r")
            #expect(again.headers.first(name: "Idempotent-Replayed") == "true")
            #expect(try await sandbox.accounts(SandboxHarness.stripe)["totals.refundedMinorUnits"] == 100)
        }
    }
}
