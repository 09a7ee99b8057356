import HTTPTypes
import Shared
import Testing

@testable import Ingress

struct RouteTableTests {
    private static func target(_ method: HTTPRequest.Method, _ path: String) -> RouteTarget? {
        RouteTable.match(path: path)?.pattern.targets.first { $0.method == method }?.target
    }

    @Test(arguments: Operation.allCases)
    func everyOperationHasItsPathAndItsHTTPMethods(operation: Operation) throws {
        let path = (operation.hasPaymentMethod ? "/stripe/cards/" : "/stripe/") + operation.rawValue
        let match = try RouteTable.match(path: path).unwrapped()
        #expect(match.provider == "stripe")
        #expect(match.paymentMethod == (operation.hasPaymentMethod ? "cards" : nil))
        for method in RouteTable.methods(of: operation) {
            #expect(Self.target(method, path) == .operation(operation))
        }
        #expect(Self.target(.delete, path) == nil)
    }

    @Test func theDocumentedHTTPMethodsAreThese() {
        #expect(RouteTable.methods(of: .pay) == [.post])
        #expect(RouteTable.methods(of: .refund) == [.post])
        #expect(RouteTable.methods(of: .payExpire) == [.patch])
        #expect(RouteTable.methods(of: .payRecurrentExpire) == [.patch])
        #expect(RouteTable.methods(of: .check) == [.get])
        #expect(RouteTable.methods(of: .status) == [.get])
        #expect(RouteTable.methods(of: .callback) == [.get, .post])
        #expect(RouteTable.methods(of: .sessionCheck) == [.post])
    }

    @Test func sessionIsNoPaymentMethod() throws {
        let match = try RouteTable.match(path: "/safecharge/session/confirm").unwrapped()
        #expect(match.paymentMethod == nil)
        #expect(Self.target(.post, "/safecharge/session/confirm") == .operation(.sessionConfirm))
        #expect(Self.target(.post, "/unicredit/cards/confirm") == .operation(.confirm))
    }

    @Test func pathsOfTheServiceItselfBelongToNoProvider() {
        #expect(Self.target(.get, "/-/healthz") == .health)
        #expect(Self.target(.get, "/-/ready") == .readiness)
        #expect(Self.target(.get, "/payment-methods") == .paymentMethods)
        #expect(RouteTable.match(path: "/-/status") == nil)
        #expect(RouteTable.match(path: "/-/cards/pay") == nil)
        #expect(RouteTable.match(path: "/-/callback") == nil)
    }

    @Test(arguments: [
        "", "/", "//", "stripe/status", "/stripe", "/stripe/", "/stripe/status/", "//stripe/status", "/stripe//pay",
        "/stripe//status", "//status", "//cards/pay", "/stripe/cards/pay/", "/stripe/pay", "/stripe/Status",
        "/stripe/cards/pay/expire/now", "/payment-methods/", "/-/", "/-/healthz/",
    ])
    func nothingElseIsAPath(path: String) {
        #expect(RouteTable.match(path: path) == nil)
    }

    @Test func aPatternsLabelHoldsNothingOfThePath() {
        #expect(RouteTable.match(path: "/anyone/anything/pay")?.pattern.label == "/{provider}/{payment-method}/pay")
    }
}
