import ArgumentParser
import AsyncHTTPClient
import Foundation
import Hummingbird
import Ingress
import Logging
import Providers
import Sandbox
import ServiceLifecycle
import Shared
import UnixSignals

/// Makes the simulators from the same settings that the providers read.
enum SandboxAssembly {
    /// How slow the simulators are.
    struct Latency: Sendable {
        /// Time that each answer takes.
        var answer: Duration
        /// Time until a payment that was made is found by its reference.
        var visibility: Duration
    }

    /// Reads how slow the simulators are.
    static func latency(_ reader: inout SettingsReader) -> Latency {
        let range = 0...600_000
        return Latency(
            answer: .milliseconds(reader.integer("SANDBOX_LATENCY_MILLISECONDS", default: 0, in: range)),
            visibility: .milliseconds(reader.integer("SANDBOX_VISIBILITY_LAG_MILLISECONDS", default: 0, in: range)))
    }

    /// - Parameter publicURL: Where a browser and the providers' clients reach this process.
    static func make(
        publicURL: String, environment: [String: String], latency: Latency, logger: Logger
    ) -> (sandbox: Sandbox, client: HTTPClient) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let gateway = value("PGM_PUBLIC_URL") ?? publicURL
        var stripe = ["webhookURL": gateway + "/stripe/callback"]
        stripe["privateKey"] = value("STRIPE_PRIVATE_KEY")
        stripe["webhookSecret"] = value("STRIPE_WEBHOOK_SECRET")
        var generic: [String: String] = [:]
        generic["apiKey"] = value("GENERIC_PROVIDER_API_KEY")
        generic["callbackSecret"] = value("GENERIC_PROVIDER_CALLBACK_SECRET")
        let secrets = (value("PAYMENT_CALLBACK_SECRETS") ?? "").split(separator: ",").map(String.init)
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let sandbox = Sandbox(
            configuration: SandboxConfiguration(
                publicBaseURL: publicURL, providerSettings: ["stripe": stripe, "generic-provider": generic],
                merchantSecrets: secrets, latency: latency.answer, visibilityLag: latency.visibility),
            httpClient: client, logger: logger)
        return (sandbox, client)
    }
}

/// Closes the simulators' client when the process stops.
struct ClientShutdown: Service {
    let client: HTTPClient

    func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }
}

/// The command `pgm sandbox`.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Simulated providers and a merchant's endpoint, for tests.")

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on.")
    var port = 8081

    @Option(help: "How a browser reaches this process (default: http://127.0.0.1 and the port).")
    var publicURL: String?

    func run() async throws {
        try await Start.withSettings { reader in
            let (level, format) = ProcessSettings.logging(&reader)
            let latency = SandboxAssembly.latency(&reader)
            try reader.finish()
            let logger = Logger(label: "pgm") { LineLogHandler(label: $0, level: level, format: format) }
            let environment = ProcessInfo.processInfo.environment
            let (sandbox, client) = SandboxAssembly.make(
                publicURL: publicURL ?? "http://127.0.0.1:\(port)", environment: environment, latency: latency,
                logger: logger)
            let responder = CallbackResponder { (request: Request, context: EdgeContext) in
                guard sandbox.handles(path: request.uri.path) else { return Response(status: .notFound) }
                return try await sandbox.respond(to: request, source: context.source)
            }
            let application = Application(
                responder: responder, configuration: .init(address: .hostname(host, port: port)),
                logger: logger)
            let services: [any Service] = [ClientShutdown(client: client), sandbox, application]
            let configuration = ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            try await ServiceGroup(configuration: configuration).run()
        }
    }
}

/// The command `pgm dev-broker`.
struct DevBrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev-broker", abstract: "The embedded broker as a process of its own; prints its addresses.")

    func run() async throws {
        try await Start.withSettings { reader in
            let names = TopicNames(prefix: reader.string("KAFKA_TOPIC_PREFIX", default: "pgm."))
            let partitions = reader.integer("KAFKA_COMMAND_PARTITIONS", default: 12, in: 1...1000)
            let replies = reader.integer("KAFKA_REPLY_PARTITIONS", default: 12, in: 1...1000)
            let (level, format) = ProcessSettings.logging(&reader)
            try reader.finish()
            let logger = Logger(label: "pgm") { LineLogHandler(label: $0, level: level, format: format) }
            let plan = TopicPlan(
                commandPartitions: Int32(partitions), replyPartitions: Int32(replies), replicationFactor: 1)
            let broker = try EmbeddedBroker(
                topics: plan.topics(named: names, providers: ProviderRegistry.all.map { $0.description.name }))
            print("KAFKA_BOOTSTRAP_SERVERS=\(broker.bootstrapServers)")
            print("KAFKA_EMBEDDED=true")
            fflush(nil)
            let configuration = ServiceGroupConfiguration(
                services: [BrokerService(broker: broker)], gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger)
            try await ServiceGroup(configuration: configuration).run()
        }
    }
}

/// Keeps an embedded broker until graceful shutdown.
struct BrokerService: Service {
    let broker: EmbeddedBroker

    func run() async throws {
        try? await gracefulShutdown()
        broker.close()
    }
}
