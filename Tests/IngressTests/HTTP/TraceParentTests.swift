import Testing

@testable import Ingress

struct TraceParentTests {
    private static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func theDocumentedFormIsTakenAsItIs() {
        #expect(TraceParent.valid(Self.valid) == Self.valid)
    }

    @Test(arguments: [
        nil, "", "00", valid + "0", String(valid.dropLast()), valid.uppercased(), valid.replacing("-", with: "_"),
        "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", valid.replacing("4bf", with: "4b\u{E9}"),
        valid.replacing("4bf", with: "4b\n"),
    ])
    func anythingElseIsDropped(text: String?) {
        #expect(TraceParent.valid(text) == nil)
    }
}
