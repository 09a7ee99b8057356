import Shared
import Testing

@testable import Ingress

struct CallerAuthenticationTests {
    private static let two = CallerAuthentication(keys: [Secret("first"), Secret("second")])

    @Test func withoutKeysACallerIsItsAddress() {
        let open = CallerAuthentication(keys: [])
        #expect(open.caller(authorization: nil, address: "192.0.2.1") == "address:192.0.2.1")
        #expect(open.caller(authorization: "Bearer x", address: "192.0.2.1") == "address:192.0.2.1")
    }

    @Test func withKeysACallerIsItsKeysFingerprintWhereverItCallsFromAndTheKeyStands() throws {
        let first = try #require(Self.two.caller(authorization: "Bearer first", address: "192.0.2.1"))
        let second = try #require(Self.two.caller(authorization: "Bearer second", address: "192.0.2.1"))
        #expect(first != second)
        #expect(Self.two.caller(authorization: "Bearer second", address: "192.0.2.2") == second)
        let later = CallerAuthentication(keys: [Secret("second"), Secret("third")])
        #expect(later.caller(authorization: "Bearer second", address: "192.0.2.1") == second)
        #expect(!first.contains("first"))
    }

    @Test(arguments: [
        nil, "", "first", "Bearer", "Bearer ", "Bearer  first", "Bearer first ", "Bearer firs", "Basic first",
    ])
    func anythingElseIsNobody(authorization: String?) {
        #expect(Self.two.caller(authorization: authorization, address: "192.0.2.1") == nil)
    }
}
