import Ingress
import Logging
import Providers
import ServiceLifecycle
import Shared
import UnixSignals
import Worker

/// Wires the roles of a process from its settings; services come in the order of their dependencies.
struct RoleAssembly: Sendable {
    let process: ProcessSettings
    let codec: MessageCodec
    let producer: KafkaProducer
    let logger: Logger
    let clock = WallClock.system

    init(_ process: ProcessSettings) throws {
        self.process = process
        let (level, format) = (process.logLevel, process.logFormat)
        var logger = Logger(label: "pgm") { LineLogHandler(label: $0, level: level, format: format) }
        logger.logLevel = level
        self.logger = logger
        self.codec = MessageCodec(topics: process.topics, source: "/pgm/" + process.instance, keys: process.keys)
        MetricRegistry.install()
        self.producer = try KafkaProducer(configuration: process.kafka, logger: logger)
        observe()
    }

    /// A provider's client with its own connections.
    func provider(_ entry: ProviderSelection.Entry) -> (provider: any PaymentProvider, transport: OutgoingHTTPClient) {
        let transport = OutgoingHTTPClient(limits: .init(connectionsPerHost: entry.connectionsMax))
        return (entry.type.init(settings: entry.settings, transport: transport, clock: clock), transport)
    }

    /// The consumer of results that POSTs notifications.
    func notifier(
        settings: NotifierSettings, signer: WebhookSigner, lanes: LaneConsumer.Settings
    ) throws -> (services: [any Service], parts: [HealthPart]) {
        let transport = OutgoingHTTPClient(
            limits: .init(connectionsPerHost: lanes.inFlightMax, answerBytesMax: 64 * 1024))
        let notifier = Notifier(
            settings: settings, transport: transport, signer: signer, codec: codec, deadLetters: deadLetters,
            clock: clock, logger: logger)
        let consumer = LaneConsumer(
            topic: process.topics.results, settings: lanes, logger: logger,
            process: { work, partition in await notifier.process(work, partition) })
        // Nobody waits for a result.
        let group = try LaneGroup(
            group: process.topics.notifierGroup, lanes: [consumer], configuration: process.kafka, pace: .lazy,
            logger: logger)
        let gate = gate(group, topics: [process.topics.results])
        let merchant = HealthPart("merchant", isNeeded: false) { HealthState(isUp: notifier.isEndpointUp) }
        MetricRegistry.process.observe(MetricName.merchantUp) { notifier.isEndpointUp ? 1 : 0 }
        return ([transport, gate], [part("notifier", of: consumer), gate.part("topics.notifier"), merchant])
    }

    /// The HTTP side without its server.
    func ingress(
        settings: IngressSettings, selection: ProviderSelection,
        parts: [HealthPart] = []
    ) throws -> (ingress: IngressService, services: [any Service]) {
        let made = selection.entries.map(provider)
        // The reader that the gate lets in is the ingress's own, so the gate's state is made first.
        let isOpen = Latch()
        let topicsPart = HealthPart("topics.ingress", isNeeded: false) { HealthState(isUp: isOpen.isSet) }
        let ingress = try IngressService(
            .init(
                settings: settings, providers: made.map(\.provider), codec: codec, sender: producer,
                kafka: process.kafka, instance: process.instance, clock: clock, logger: logger),
            parts: self.parts + parts + [topicsPart])
        let topics = selection.names.map { process.topics.commands(of: $0) } + [process.topics.replies]
        return (ingress, made.map(\.transport) + [gate(ingress.replyReader, topics: topics, isOpen: isOpen)])
    }

    /// Runs services until SIGTERM or SIGINT, shutting them down in reverse order.
    func run(_ services: [any Service]) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { service in
                .init(
                    service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = process.shutdownGrace + .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
    }

    var deadLetters: DeadLetterWriter {
        DeadLetterWriter(
            codec: codec, sender: producer, partitionCount: TopicPlan.deadLetterPartitions, clock: clock,
            logger: logger)
    }

    /// Runs a service once its topics are there.
    func gate(_ inner: any Service, topics names: [String], isOpen: Latch = Latch()) -> TopicGate {
        let all = process.plan.topics(
            named: process.topics, providers: ProviderRegistry.all.map { $0.description.name })
        return TopicGate(
            topics: all.filter { names.contains($0.name) }, configuration: process.kafka, inner: inner,
            isOpen: isOpen, logger: logger)
    }
}
