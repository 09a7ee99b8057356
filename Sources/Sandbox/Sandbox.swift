public import AsyncHTTPClient
import Foundation
import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// Simulated payment providers and a simulated merchant, on whatever port its owner serves.
///
/// The owner hands over every request for which ``handles(path:)`` is true and runs the sandbox as a service, because
/// only ``run()`` delivers webhooks. Safe to call from any thread.
public final class Sandbox: Sendable, Service {
    /// Bytes of a request body at most.
    static let maximumBodyBytes = 1024 * 1024

    private let configuration: SandboxConfiguration
    private let hosts: [String: ProviderHost]
    private let merchant: MerchantEndpoint
    private let sender: WebhookSender

    /// Makes a sandbox that sends its webhooks with `httpClient`, which stays the caller's to shut down.
    public convenience init(configuration: SandboxConfiguration, httpClient: HTTPClient, logger: Logger) {
        self.init(configuration: configuration, httpClient: httpClient, logger: logger, now: { Date() })
    }

    /// As the public one, with a clock for tests.
    init(
        configuration: SandboxConfiguration, httpClient: HTTPClient, logger: Logger,
        now: @escaping @Sendable () -> Date
    ) {
        self.configuration = configuration
        let sender = WebhookSender(httpClient: httpClient, logger: logger)
        self.sender = sender
        merchant = MerchantEndpoint(secrets: configuration.merchantSecrets)
        var hosts: [String: ProviderHost] = [:]
        for make in Self.providers {
            let (name, host) = Self.host(make, configuration: configuration, sender: sender, now: now)
            hosts[name] = host
        }
        self.hosts = hosts
    }

    /// A provider's name and how to make it: the one line a new provider needs here.
    private typealias ProviderMaker = (
        name: String, make: @Sendable (ProviderEnvironment) -> any SimulatedProvider
    )

    private static let providers: [ProviderMaker] = [
        (GenericProvider.name, { GenericProvider($0) }),
        (StripeProvider.name, { StripeProvider($0) }),
    ]

    private static func host(
        _ maker: ProviderMaker, configuration: SandboxConfiguration, sender: WebhookSender,
        now: @escaping @Sendable () -> Date
    ) -> (String, ProviderHost) {
        let name = maker.name
        let faults = FaultBook()
        let send: @Sendable (OutgoingWebhook) -> Void = { sender.enqueue($0, provider: name, faults: faults) }
        let pagesPath = "\(configuration.basePath)/\(name)/__pages"
        let environment = ProviderEnvironment(
            pagesURL: configuration.publicBaseURL + pagesPath, pagesPath: pagesPath,
            maximumPayments: configuration.maximumPayments, visibilityLag: configuration.visibilityLag,
            setting: { configuration.setting($0, of: name) }, send: send, now: now)
        let host = ProviderHost(
            provider: maker.make(environment), faults: faults,
            recorder: configuration.recordsRequests ? RequestRecorder() : nil, latency: configuration.latency,
            send: send)
        return (name, host)
    }

    /// Whether a request path (without its query) belongs to the sandbox.
    public func handles(path: String) -> Bool {
        Self.isPath(path, under: configuration.basePath) || Self.isPath(path, under: configuration.merchantPath)
    }

    private static func isPath(_ path: String, under prefix: String) -> Bool {
        path.hasPrefix(prefix) && (path.utf8.count == prefix.utf8.count || path.dropFirst(prefix.count).first == "/")
    }

    /// Answers a request for which ``handles(path:)`` is true.
    ///
    /// Throws when a fault closed the connection, or on cancellation; there is nobody to answer then.
    public func respond(
        to request: Request, source: ApplicationRequestContextSource
    ) async throws -> Response {
        let isMerchant = Self.isPath(request.uri.path, under: configuration.merchantPath)
        let prefix = isMerchant ? configuration.merchantPath : configuration.basePath
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.maximumBodyBytes)
        } catch is NIOTooManyBytesError {
            return Self.response(.operatorError(413, "body_too_large", "The body is larger than 1 MiB."))
        }
        let components = request.uri.path.dropFirst(prefix.count).split(separator: "/").map { component in
            String(component).removingPercentEncoding ?? String(component)
        }
        guard let query = FormField.decode(request.uri.query ?? "") else {
            return Self.response(.operatorError(400, "invalid_query", "The query is not correctly encoded."))
        }
        let simulated = SimulatedRequest(
            method: request.method.rawValue, path: components, query: query, headers: request.headers,
            body: Array(body.readableBytesView), receivedAt: Date())
        if isMerchant { return Self.response(try await merchant.respond(to: simulated, channel: source.channel)) }
        guard let host = components.first.flatMap({ hosts[$0] }) else {
            return Self.response(.operatorError(404, "not_found", "There is no such simulated provider."))
        }
        return Self.response(try await host.respond(to: simulated.droppingPath(1), channel: source.channel))
    }

    private static func response(_ answer: SimulatedAnswer) -> Response {
        var headers = HTTPFields()
        for header in answer.headers {
            if let name = HTTPField.Name(header.name) {
                headers.append(HTTPField(name: name, value: header.value))
            }
        }
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    /// Delivers webhooks until graceful shutdown or cancellation.
    public func run() async throws {
        await sender.run()
    }
}
