import AsyncHTTPClient
import Hummingbird
import Logging
import NIOPosix
import Providers
import Sandbox
import ServiceLifecycle
import Shared
import Worker

@testable import Ingress

/// One provider in a whole installation without a broker: its simulator and the ingress on ports of their own, a worker
/// that takes the commands from the ingress.
struct World: Sendable {
    let description: ProviderDescription
    let fixture: ProviderFixture
    let switchboard: Switchboard
    let transport: RecordingTransport
    let client: OutgoingHTTPClient
    let provider: any PaymentProvider
    let settings: ProviderSettings
    let sender: RecordingSender
    let codec: MessageCodec
    let logs: LogBook
    let clock: AdjustableClock
    /// Where the ingress listens.
    let ingressURL: String
    /// Where the provider's API is simulated.
    let simulatorURL: String
    /// Names that are bound in every example.
    let variables: Variables
    /// What must appear in no output.
    let credentials: [String]

    static let commandPartitions: Int32 = 12

    /// Runs an installation for as long as the body takes.
    static func run(
        _ type: any PaymentProvider.Type, _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        MetricRegistry.install()
        let name = type.description.name.value
        let fixture = try FixtureFolder.fixture(of: name)
        let switchboard = Switchboard()
        let logs = LogBook()
        try await LoopbackServer.run({ try await switchboard.respond(to: $0, source: $1) }) { port in
            let url = "http://127.0.0.1:\(port)"
            var variables = Variables()
            variables.values["credential"] = UnguessableText.make()
            variables.values["simulator"] = url + Switchboard.sandboxPath + "/" + name
            variables.values["callbacks"] = url + Switchboard.collectPath + "/" + name + "/callback"
            let sandbox = Sandbox(
                configuration: SandboxConfiguration(
                    publicBaseURL: url,
                    providerSettings: [name: try (fixture.simulator ?? [:]).mapValues { try variables.fill($0) }]),
                httpClient: .shared, logger: Logger(label: "simulator") { _ in SwiftLogNoOpLogHandler() })
            switchboard.use(sandbox)
            let settings = try settings(of: type.description, fixture, variables, publicURL: url)
            let client = OutgoingHTTPClient()
            let parts = Parts(
                type: type, fixture: fixture, switchboard: switchboard, logs: logs, variables: variables,
                settings: settings, client: client)
            do {
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await sandbox.run() }
                    try await parts.run(body)
                    tasks.cancelAll()
                }
            } catch {
                try? await client.close()
                throw error
            }
            try await client.close()
        }
    }

    /// Reads the settings as the product does, from variables of the environment.
    static func settings(
        of description: ProviderDescription, _ fixture: ProviderFixture, _ variables: Variables, publicURL: String
    ) throws -> ProviderSettings {
        var environment: [String: String] = [:]
        for (name, value) in fixture.settings {
            environment[description.name.settingPrefix + "_" + name] = try variables.fill(value)
        }
        var reader = SettingsReader(environment: environment)
        let settings = ProviderSettings(
            description: description, reader: &reader, publicURL: publicURL + Switchboard.collectPath)
        try reader.finish()
        return settings
    }

    /// What an installation is made of once its simulator runs.
    private struct Parts: Sendable {
        let type: any PaymentProvider.Type
        let fixture: ProviderFixture
        let switchboard: Switchboard
        let logs: LogBook
        let variables: Variables
        let settings: ProviderSettings
        let client: OutgoingHTTPClient

        func run(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
            let description = type.description
            let codec = MessageCodec(topics: TopicNames(), source: "/conformance", keys: .random())
            let table = ReplyTable(entriesMax: 100, eventLoops: MultiThreadedEventLoopGroup.singleton)
            let (commands, continuation) = AsyncStream<KafkaMessage>.makeStream()
            let memory = Memory()
            let sender = RecordingSender { message in
                if message.topic == codec.topics.replies {
                    if let id = codec.addressee(of: message)?.commandID { _ = table.arrived(message, for: id) }
                } else if message.topic == codec.topics.commands(of: description.name) {
                    continuation.yield(message)
                }
            }
            let clock = AdjustableClock()
            let journal = memory.begin(description.name, codec, sender, clock.clock, logs.logger)
            let transport = RecordingTransport(client)
            let provider = type.init(settings: settings, transport: transport, clock: clock.clock)
            let processor = processor(provider, codec, sender, journal, clock.clock)
            let handler = handler(provider, codec, sender, table, clock.clock)
            let secrets = description.settings.filter { $0.kind == .secret }.map { settings.secret($0.name).exposed }
            try await LoopbackServer.run({ await handler.respond(to: $0, channel: $1.channel) }) { port in
                let world = World(
                    description: description, fixture: fixture, switchboard: switchboard, transport: transport,
                    client: client, provider: provider, settings: settings, sender: sender, codec: codec, logs: logs,
                    clock: clock, ingressURL: "http://127.0.0.1:\(port)",
                    simulatorURL: variables.values["simulator"] ?? "", variables: variables, credentials: secrets)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { await journal.run() }
                    tasks.addTask { for await message in commands { await memory.process(message, processor) } }
                    defer {
                        memory.end()
                        continuation.finish()
                        switchboard.disarm()
                        tasks.cancelAll()
                    }
                    try await memory.owned()
                    try await body(world)
                }
            }
        }

        private func processor(
            _ provider: any PaymentProvider, _ codec: MessageCodec, _ sender: RecordingSender, _ journal: Journal,
            _ clock: WallClock
        ) -> CommandProcessor {
            CommandProcessor(
                .init(
                    provider: provider, codec: codec, sender: sender, journal: journal,
                    settings: WorkerSettings(
                        providerTimeout: .seconds(10),
                        backoff: Backoff(first: .milliseconds(1), cap: .milliseconds(4)), roundsMax: 1,
                        commandPartitions: World.commandPartitions, resultPartitions: World.commandPartitions),
                    deadLetters: DeadLetterWriter(
                        codec: codec, sender: sender, partitionCount: 3, clock: clock, logger: logs.logger),
                    clock: clock, logger: logs.logger))
        }

        private func handler(
            _ provider: any PaymentProvider, _ codec: MessageCodec, _ sender: RecordingSender, _ table: ReplyTable,
            _ clock: WallClock
        ) -> RequestHandler {
            let settings = IngressSettings(
                host: "127.0.0.1", port: 0, requestTimeout: .seconds(15), bodyBytesMax: 1 << 20,
                readTimeout: .seconds(10))
            let publisher = CommandPublisher(
                codec: codec, sender: sender, replies: table,
                replyAddress: { ReplyAddress(partition: 0, instance: "conformance") },
                partitionCount: World.commandPartitions, requestTimeout: settings.requestTimeout, clock: clock)
            return RequestHandler(
                settings: settings, providers: EnabledProviders([provider]),
                authentication: CallerAuthentication(keys: []),
                admission: AdmissionControl(requestsMax: 100, requestsPerCallerMax: 100),
                operations: OperationHandler(settings: settings, publisher: publisher, clock: clock),
                administration: AdministrationHandler(parts: [], registry: .process),
                documentation: Documentation(providers: [type.description], requiresKey: false), clock: clock,
                logger: logs.logger)
        }
    }
}
