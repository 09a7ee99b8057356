public import Hummingbird
public import Logging
public import NIOCore
import NIOPosix
public import Providers
public import ServiceLifecycle
public import Shared
import Synchronization

/// The HTTP side: takes API calls and callbacks, publishes commands, and answers.
public struct IngressService: Sendable {
    /// What an ingress needs.
    public struct Dependencies: Sendable {
        /// Limits and addresses.
        public var settings: IngressSettings
        /// The enabled providers.
        public var providers: [any PaymentProvider]
        /// The codec of this process.
        public var codec: MessageCodec
        /// Writes records.
        public var sender: any RecordSender
        /// How to reach Kafka.
        public var kafka: KafkaConfiguration
        /// Identifies this process among the readers of its reply partition.
        public var instance: String
        /// The time of day.
        public var clock: WallClock
        /// The logger.
        public var logger: Logger

        /// Collects what an ingress needs.
        public init(
            settings: IngressSettings, providers: [any PaymentProvider], codec: MessageCodec,
            sender: any RecordSender, kafka: KafkaConfiguration, instance: String, clock: WallClock, logger: Logger
        ) {
            self.settings = settings
            self.providers = providers
            self.codec = codec
            self.sender = sender
            self.kafka = kafka
            self.instance = instance
            self.clock = clock
            self.logger = logger
        }
    }

    /// Reads replies; to be run before the server.
    public let replyReader: ReplyReader
    private let handler: RequestHandler
    private let settings: IngressSettings
    private let logger: Logger

    /// Wires an ingress.
    /// - Parameters:
    ///   - parts: Further parts of the process, asked for each `/-/ready` and `/-/check-up`.
    ///   - registry: The metrics that are served.
    /// - Throws: ``KafkaError`` when the consumer of replies cannot be made.
    public init(
        _ dependencies: Dependencies, parts: [HealthPart] = [], registry: MetricRegistry = .process
    ) throws {
        let settings = dependencies.settings
        let table = ReplyTable(
            entriesMax: settings.requestsMax, eventLoops: MultiThreadedEventLoopGroup.singleton)
        let reader = try ReplyReader(
            configuration: dependencies.kafka, codec: dependencies.codec, instance: dependencies.instance,
            table: table, logger: dependencies.logger)
        let publisher = CommandPublisher(
            codec: dependencies.codec, sender: dependencies.sender, replies: table,
            replyAddress: { reader.replyAddress }, partitionCount: settings.commandPartitions,
            requestTimeout: settings.requestTimeout, clock: dependencies.clock)
        let admission = AdmissionControl(
            requestsMax: settings.requestsMax, requestsPerCallerMax: settings.requestsPerCallerMax)
        registry.observe(MetricName.repliesAwaited) { Double(table.count) }
        registry.observe(MetricName.activeRequests) { Double(admission.count) }
        let replies = HealthPart("replies") {
            HealthState(
                isUp: reader.isReady, details: reader.replyAddress.map { ["partition": Int($0.partition)] } ?? [:])
        }
        self.handler = RequestHandler(
            settings: settings, providers: EnabledProviders(dependencies.providers),
            authentication: CallerAuthentication(keys: settings.apiKeys),
            admission: admission,
            operations: OperationHandler(settings: settings, publisher: publisher, clock: dependencies.clock),
            administration: AdministrationHandler(parts: parts + [replies], registry: registry),
            documentation: Documentation(
                providers: dependencies.providers.map { type(of: $0).description },
                requiresKey: !settings.apiKeys.isEmpty),
            clock: dependencies.clock, logger: dependencies.logger)
        self.replyReader = reader
        self.settings = settings
        self.logger = dependencies.logger
    }

    /// The server of the administrative paths, when they have a port of their own.
    public var administrationServer: (any Service)? {
        guard let port = settings.administrationPort else { return nil }
        return AdministrationServer.service(host: settings.host, port: port, logger: logger) { request, context in
            await handler.respond(to: request, channel: context.channel, surface: .administration)
        }
    }

    /// The HTTP server, which runs until graceful shutdown.
    /// - Parameters:
    ///   - fallback: Answers paths of others on the same port first, the simulators' in development for instance.
    ///   - onListening: Told the address once the server listens.
    public func server(
        fallback: @escaping @Sendable (Request, ApplicationRequestContextSource) async throws -> Response? = { _, _ in
            nil
        },
        onListening: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) -> some Service {
        IngressServer(settings: settings, handler: handler, logger: logger)
            .service(fallback: fallback, onListening: onListening)
    }
}
