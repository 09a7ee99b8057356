import Foundation
import HTTPTypes
import Synchronization

@testable import Sandbox

/// A simulated provider without a socket: requests go straight to it, its webhooks are collected.
final class SimulatedWire: Sendable {
    struct Delivery: Sendable {
        let method: String
        let headers: [String: String]
        let query: [(name: String, value: String)]
        let body: [UInt8]
    }

    struct Account: Sendable, Equatable {
        let timesCharged: Int?
        let refundedMinorUnits: Int?
    }

    static let nowSeconds = 1_790_000_000
    static let baseURL = "http://simulator.test"

    private final class Mailbox: Sendable {
        let webhooks = Mutex<[OutgoingWebhook]>([])
    }

    private let provider: any SimulatedProvider
    private let mailbox: Mailbox

    private init(_ name: String, _ make: (ProviderEnvironment) -> any SimulatedProvider, _ more: [String: String] = [:])
    {
        let mailbox = Mailbox()
        let settings = (SandboxConfiguration.defaultProviderSettings[name] ?? [:]).merging(more) { $1 }
        provider = make(
            ProviderEnvironment(
                pagesURL: Self.baseURL + "/__pages", pagesPath: "/__pages", maximumPayments: 1000,
                setting: { settings[$0] }, send: { webhook in mailbox.webhooks.withLock { $0.append(webhook) } },
                now: { Date(timeIntervalSince1970: TimeInterval(Self.nowSeconds)) }))
        self.mailbox = mailbox
    }

    static func generic() -> SimulatedWire { SimulatedWire(GenericProvider.name, { GenericProvider($0) }) }

    static func stripe() -> SimulatedWire {
        SimulatedWire(StripeProvider.name, { StripeProvider($0) }, ["webhookURL": "https://gw.example.com/callback"])
    }

    /// Status, headers by lower-case name, and body.
    func send(
        method: String, url: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> (Int, [String: String], [UInt8]) {
        let parts = url.dropFirst(Self.baseURL.count).split(separator: "?", maxSplits: 1)
        var fields = HTTPFields()
        for header in headers {
            if let name = HTTPField.Name(header.name) { fields.append(HTTPField(name: name, value: header.value)) }
        }
        let answer = try await provider.answer(
            request(method, String(parts.first ?? ""), query: parts.count > 1 ? String(parts[1]) : "", fields, body),
            after: .zero)
        let pairs = answer.headers.map { ($0.name.lowercased(), $0.value) }
        return (answer.status, Dictionary(pairs, uniquingKeysWith: { first, _ in first }), answer.body)
    }

    /// Presses a button of a hosted page; whether that was possible.
    func press(_ id: String, _ action: String) -> Bool {
        [200, 303].contains(provider.page(request("POST", "/\(id)/\(action)")).status)
    }

    /// Lets a subscription renew; whether that was possible.
    func renew(_ subscription: String, fails: Bool = false) -> Bool {
        let path = "/__subscriptions/\(subscription)/renew"
        return provider.control(request("POST", path, query: fails ? "fail=1" : ""))?.status == 200
    }

    /// How often a reference was charged, and how much of it was given back.
    func account(_ reference: String) -> Account {
        let report = provider.accounts(reference: reference, after: 0, limit: 10)
        let account = report["accounts"]?.elements?.first
        let refunded = account?["payments"]?.elements?.reduce(0) { $0 + ($1["refundedMinorUnits"]?.integer ?? 0) }
        return Account(timesCharged: account?["timesCharged"]?.integer, refundedMinorUnits: refunded)
    }

    /// What was sent since the last time, signed at the simulated time.
    func deliveries() -> [Delivery] {
        let webhooks = mailbox.webhooks.withLock { all in
            defer { all = [] }
            return all
        }
        return webhooks.map { webhook in
            let rendered = webhook.render(false, Self.nowSeconds)
            let query = rendered.url.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
            return Delivery(
                method: rendered.method,
                headers: Dictionary(
                    rendered.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }),
                query: (FormField.decode(query) ?? []).map { ($0.name, $0.value) }, body: rendered.body)
        }
    }

    private func request(
        _ method: String, _ path: String, query: String = "", _ headers: HTTPFields = [:], _ body: [UInt8] = []
    ) -> SimulatedRequest {
        SimulatedRequest(
            method: method, path: path.split(separator: "/").map { String($0).removingPercentEncoding ?? "" },
            query: FormField.decode(query) ?? [], headers: headers, body: body,
            receivedAt: Date(timeIntervalSince1970: TimeInterval(Self.nowSeconds)))
    }
}
