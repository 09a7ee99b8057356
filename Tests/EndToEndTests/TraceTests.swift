import Shared
import Testing

/// A trace goes from the caller to the provider and to the merchant.
@Suite(.serialized)
struct TraceTests {
    static let traceID = "0af7651916cd43dd8448eb211c80319c"
    static let callerSpan = "b7ad6b7169203331"

    @Test(.timeLimit(.minutes(2)))
    func aTraceTravelsFromTheCallerToTheProviderAndTheMerchant() async throws {
        let payment =
            #"{"id":"gp_1","status":"captured","amount":500,"currency":"EUR","reference":"t-1","method":"card"}"#
        let server = try await CaptureServer.start(answer: #"{"data":[\#(payment)]}"#)
        let extra = [
            "GENERIC_PROVIDER_BASE_URL": server.url, "PAYMENT_CALLBACK_URL": server.url + "/merchant",
            "LOG_LEVEL": "debug",
        ]
        try await withInstallation(extra) { installation in
            _ = try await installation.startAll(workers: 1)
            let url = installation.apiURL + "/generic-provider/check?shopTransactionId=t-1"
            let answer = try await API.get(
                url,
                headers: [("traceparent", "00-\(Self.traceID)-\(Self.callerSpan)-01"), ("tracestate", "shop=7,x=y")])
            #expect(answer.status == 202)
            let hasArrived = try await eventually(within: .seconds(20)) { !server.requests(to: "/merchant").isEmpty }
            #expect(hasArrived)
            let provider = try #require(server.requests(to: "/v1/payments").first)
            let merchant = try #require(server.requests(to: "/merchant").first)
            let command = try #require(try await spanOfRecord("commands.generic-provider", installation))
            let result = try #require(try await spanOfRecord("results", installation))
            let spans = [Self.callerSpan, command, try span(provider.headers), result, try span(merchant.headers)]
            #expect(Set(spans).count == spans.count, "each hop has a span of its own")
            #expect(provider.headers["tracestate"] == "shop=7,x=y")
            #expect(merchant.headers["tracestate"] == "shop=7,x=y")
            #expect(await installation.logs().contains("trace.id=\(Self.traceID)"))
        }
        try await server.stop()
    }

    @Test(.timeLimit(.minutes(2)))
    func aTraceBeginsAtTheIngressWhenTheCallerHasNone() async throws {
        let server = try await CaptureServer.start(answer: #"{"data":[]}"#)
        try await withInstallation(["GENERIC_PROVIDER_BASE_URL": server.url]) { installation in
            _ = try await installation.startAll(workers: 1)
            let url = installation.apiURL + "/generic-provider/status?shopTransactionId=t-2"
            _ = try await API.get(url, headers: [("traceparent", "00-nonsense-01"), ("tracestate", "a=b")])
            let request = try #require(server.requests(to: "/v1/payments").first)
            let context = try #require(TraceContext(traceParent: request.headers["traceparent"]))
            #expect(!context.isSampled)
            #expect(request.headers["tracestate"] == nil)
        }
        try await server.stop()
    }

    /// The span of a traceparent, which must belong to the trace and still be sampled.
    private func span(_ headers: [String: String]) throws -> String {
        let parts = try #require(headers["traceparent"]).split(separator: "-").map(String.init)
        #expect(parts.count == 4)
        #expect(parts[1] == Self.traceID)
        #expect(parts[3] == "01")
        return parts[2]
    }

    private func spanOfRecord(_ topic: String, _ installation: Installation) async throws -> String? {
        let records = try await TopicDump.records(of: installation)
        let lines = records.first { $0.hasPrefix(installation.topicPrefix + topic + "\n") }?.split(separator: "\n")
        let header = lines?.first { $0.hasPrefix("traceparent=") }?.dropFirst("traceparent=".count)
        return try header.map { try span(["traceparent": String($0)]) }
    }
}
