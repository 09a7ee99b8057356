import Crypto
import Foundation
import Logging
import NIOCore
import NIOPosix
import Providers
import ServiceLifecycle
import Shared
import Synchronization

@testable import Ingress

/// An ingress on a port of its own, with a scripted worker behind it instead of a broker.
struct Edge: Sendable {
    /// What the worker answers to a command; `nil` for nothing.
    typealias Worker = @Sendable (Command) -> Reply?

    static let callbackSecret = "callback-secret"
    static let codec = MessageCodec(topics: TopicNames(), source: "/test", keys: .random())
    static let generic = GenericProvider.description.name
    static let stripe = StripeProvider.description.name

    let port: Int
    let sender: RecordingSender
    let table: ReplyTable

    /// The commands that were sent.
    func commands() throws -> [Command] {
        try sender.sent.filter { !Self.codec.isTask($0) }.map { try Self.codec.command(from: $0) }
    }

    /// Settings for tests: loopback, any port, waits short enough to be waited for.
    static var settings: IngressSettings {
        IngressSettings(
            host: "127.0.0.1", port: 0, requestTimeout: .seconds(10), bodyBytesMax: 4096, readTimeout: .seconds(5))
    }

    /// A worker that answers everything with 200 and the given body.
    static func answering(_ body: String = #"{"result":"OK"}"#, status: Int = 200, retryAfter: Int? = nil) -> Worker {
        { Reply(commandID: $0.id, statusCode: status, retryAfterSeconds: retryAfter, body: Array(body.utf8)) }
    }

    /// Runs an ingress for as long as the body takes.
    @discardableResult
    static func run<Value: Sendable>(
        settings: IngressSettings = settings, providers: [any PaymentProvider]? = nil,
        replyAddress: ReplyAddress? = ReplyAddress(partition: 0, instance: "edge"),
        worker: @escaping Worker = answering(), acknowledging: @escaping RecordingSender.Rule = { _ in },
        _ body: @escaping @Sendable (Edge) async throws -> Value
    ) async throws -> Value {
        let table = ReplyTable(entriesMax: settings.requestsMax, eventLoops: MultiThreadedEventLoopGroup.singleton)
        let sender = RecordingSender { record throws(KafkaSendError) in
            var lost: KafkaSendError?
            do throws(KafkaSendError) {
                try await acknowledging(record)
            } catch {
                guard error.mayBeStored else { throw error }
                lost = error
            }
            // A record whose acknowledgement was lost is read by the worker all the same.
            defer { answer(record.asRead, worker, table) }
            if let lost { throw lost }
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let enabled = try providers ?? all()
        let server = IngressServer(
            settings: settings,
            handler: handler(settings, enabled, sender, table, replyAddress, logger), logger: logger)
        let (addresses, continuation) = AsyncStream<Int>.makeStream()
        let service = server.service(fallback: { _, _ in nil }) { address in
            continuation.yield(address?.port ?? 0)
            continuation.finish()
        }
        let group = ServiceGroup(services: [service], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = addresses.makeAsyncIterator()
            guard let port = await iterator.next() else { throw Absent() }
            do {
                let value = try await body(Edge(port: port, sender: sender, table: table))
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return value
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
        }
    }

    private static func answer(_ message: KafkaMessage, _ worker: Worker, _ table: ReplyTable) {
        guard let command = try? codec.command(from: message), let address = command.replyTo,
            let reply = worker(command),
            let record = try? codec.record(for: reply, to: address, atMilliseconds: 0)
        else { return }
        _ = table.arrived(record.asRead, for: command.id)
    }

    private static func handler(
        _ settings: IngressSettings, _ providers: [any PaymentProvider], _ sender: RecordingSender,
        _ table: ReplyTable, _ replyAddress: ReplyAddress?, _ logger: Logger
    ) -> RequestHandler {
        let publisher = CommandPublisher(
            codec: codec, sender: sender, replies: table, replyAddress: { replyAddress }, partitionCount: 12,
            requestTimeout: settings.requestTimeout, clock: .system)
        return RequestHandler(
            settings: settings, providers: EnabledProviders(providers),
            authentication: CallerAuthentication(keys: settings.apiKeys),
            admission: AdmissionControl(
                requestsMax: settings.requestsMax, requestsPerCallerMax: settings.requestsPerCallerMax),
            operations: OperationHandler(settings: settings, publisher: publisher, clock: .system),
            administration: AdministrationHandler(
                parts: [HealthPart("replies") { HealthState(isUp: replyAddress != nil) }], registry: .process),
            documentation: Documentation(
                providers: providers.map { type(of: $0).description }, requiresKey: !settings.apiKeys.isEmpty),
            clock: .system, logger: logger)
    }

    /// The demonstration provider and Stripe.
    static func all() throws -> [any PaymentProvider] {
        [try provider(GenericProvider.self), try provider(StripeProvider.self)]
    }

    /// A provider whose API is nowhere: the ingress never calls it.
    static func provider<Provider: PaymentProvider>(_ type: Provider.Type) throws -> Provider {
        var reader = SettingsReader(environment: [
            "GENERIC_PROVIDER_BASE_URL": "http://provider.invalid", "GENERIC_PROVIDER_API_KEY": "key",
            "GENERIC_PROVIDER_CALLBACK_SECRET": callbackSecret, "STRIPE_PRIVATE_KEY": "sk_test_1",
            "STRIPE_WEBHOOK_SECRET": "whsec_1",
        ])
        let settings = ProviderSettings(
            description: type.description, reader: &reader, publicURL: "http://edge.invalid")
        try reader.finish()
        return type.init(settings: settings, transport: NoTransport(), clock: .system)
    }

    /// The header that signs a callback of the demonstration provider now.
    static func callbackSignature(of body: String, secret: String = callbackSecret) -> (String, String) {
        let time = WallClock.system.unixSeconds
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(time).\(body)".utf8), using: SymmetricKey(data: Array(secret.utf8)))
        return ("X-Generic-Signature", "t=\(time),v1=\(Hexadecimal.encode(code))")
    }
}

/// A network that must not be used.
struct NoTransport: HTTPTransport {
    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        throw OutgoingFailure(code: .connectionFailed, mayHaveBeenSent: false)
    }
}

/// A value that a test relies on is absent.
struct Absent: Error {}

extension Optional {
    func unwrapped() throws -> Wrapped {
        guard let self else { throw Absent() }
        return self
    }
}
