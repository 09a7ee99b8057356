import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct WireTests {
    @Test(arguments: [
        #"{"a":[1,-2,3.5,true,false,null,"x\n\"\\é"],"b":{}}"#, "[]", "\"\"", "12",
    ])
    func jsonIsReadAndWrittenUnchanged(text: String) {
        let value = JSONParser.parse(Array(text.utf8))
        #expect(value.map { String(decoding: $0.bytes, as: UTF8.self) } == text)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "01x", "tru", "\"\u{1}\"", #""\ud800""#, "[1] 2", "+1", "1.", ".5", "-", "1.e5",
        "-01",
        String(repeating: "[", count: 1000),
    ])
    func brokenJSONIsRefused(text: String) {
        #expect(JSONParser.parse(Array(text.utf8)) == nil)
    }

    @Test func surrogatePairIsOneCharacter() {
        #expect(JSONParser.parse(Array(#""\ud83d\ude00""#.utf8)) == "😀")
    }

    @Test func formEscapesAreDecodedAndBrokenOnesRefused() {
        #expect(
            FormField.decode("a%5B0%5D=b+c%20d&e=&f") == [
                FormField(name: "a[0]", value: "b c d"), FormField(name: "e", value: ""),
                FormField(name: "f", value: ""),
            ])
        for broken in ["a=%", "a=%4", "a=%zz", "a=%ff"] { #expect(FormField.decode(broken) == nil) }
    }

    @Test func pathsOutsideTheSandboxAreNotHandled() async throws {
        try await SandboxHarness.run { sandbox async throws in
            #expect(try await sandbox.send(.GET, "/-/sandboxed").headers.first(name: "Content-Type") == nil)
            #expect(try await sandbox.send(.GET, "/-/sandbox/nobody/v1")["error.code"] == "not_found")
            #expect(try await sandbox.send(.GET, "\(SandboxHarness.stripe)/v1/colours").status == 404)
        }
    }

    @Test func requestsAreRecordedOnlyWhenAsked() async throws {
        try await SandboxHarness.run { sandbox async throws in
            #expect(try await sandbox.send(.GET, "\(SandboxHarness.generic)/__requests").status == 404)
        }
        try await SandboxHarness.run(configure: { $0.recordsRequests = true }) { sandbox async throws in
            for reference in ["A", "B"] { _ = try await sandbox.genericPayment(reference, token: "OK") }
            let last = try await sandbox.send(.GET, "\(SandboxHarness.generic)/__requests?limit=1")
            #expect(last["requests"]?.elements?.count == 1)
            #expect(last["requests.0.path"] == "/v1/payments")
            #expect(last["requests.0.body"]?.text?.contains(#""reference":"B""#) == true)
            let names = last["requests.0.headerNames"]?.elements?.compactMap(\.text) ?? []
            #expect(names.contains("idempotency-key"))
            #expect(!last.text.contains("generic-sandbox-key"))
        }
    }

    @Test func bodyLargerThanTheLimitIsRefused() async throws {
        try await SandboxHarness.run { sandbox async throws in
            let body = String(repeating: "x", count: Sandbox.maximumBodyBytes + 1)
            #expect(try await sandbox.send(.POST, "\(SandboxHarness.merchant)/notifications", body: body).status == 413)
        }
    }
}
