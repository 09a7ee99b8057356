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
    /// - Parameter isReady: State of further parts of the process, asked for each `/-/ready`.
    /// - Throws: ``KafkaError`` when the consumer of replies cannot be made.
    public init(
        _ dependencies: Dependencies, isReady: @escaping @Sendable () -> [String: Bool] = { [:] }
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
            requestTimeout: settings.requestTimeout)
        self.handler = RequestHandler(
            settings: settings, providers: EnabledProviders(dependencies.providers),
            authentication: CallerAuthentication(keys: settings.apiKeys),
            admission: AdmissionControl(
                requestsMax: settings.requestsMax, requestsPerCallerMax: settings.requestsPerCallerMax),
            operations: OperationHandler(settings: settings, publisher: publisher, clock: dependencies.clock),
            documentation: Documentation(
                providers: dependencies.providers.map { type(of: $0).description },
                requiresKey: !settings.apiKeys.isEmpty),
            readiness: {
                var parts = isReady()
                parts["replies"] = reader.isReady
                return ReadinessReport(parts: parts)
            },
            clock: dependencies.clock, logger: dependencies.logger)
        self.replyReader = reader
        self.settings = settings
        self.logger = dependencies.logger
    }

    /// Answers one request.
    public func respond(to request: Request, channel: any Channel) async -> Response {
        await handler.respond(to: request, channel: channel)
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
