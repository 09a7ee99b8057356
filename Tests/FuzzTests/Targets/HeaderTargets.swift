import Shared

@testable import Ingress

extension FuzzTarget {
    /// `Authorization`, `traceparent` and `tracestate`, in this order.
    static let requestHeaders = FuzzTarget("request-headers", covers: "Authorization, traceparent, tracestate") {
        let parts = Fixture.parts($0, 3).map { Fixture.text($0) }
        let authentication = CallerAuthentication(keys: [Secret(Fixture.secret), Secret(Fixture.secret + "2")])
        try Finding.unless(
            authentication.caller(authorization: parts[0], address: "a") == nil, "a caller without a key is let in")
        let text = parts[0].replacing("@@", with: Fixture.secret)
        let caller = authentication.caller(authorization: text, address: "a")
        try Finding.unless(
            (caller != nil) == (text == "Bearer " + Fixture.secret || text == "Bearer " + Fixture.secret + "2"),
            "a key counts that is not whole, or one does not count")
        let state = parts.count > 2 ? parts[2] : nil
        guard parts.count > 1, let context = TraceContext(traceParent: parts[1], traceState: state) else { return }
        let again = TraceContext(traceParent: context.traceParent, traceState: context.traceState)
        try Finding.unless(again == context, "a trace context is not read back")
        try Finding.unless(context.spanID != 0, "an accepted span id is zero")
        try Finding.unless(
            (context.traceState?.utf8.count ?? 0) <= TraceContext.stateBytesMax, "a trace state is too long")
        try Finding.unless(context.child().traceIDText == context.traceIDText, "a child is of another trace")
    }
}
