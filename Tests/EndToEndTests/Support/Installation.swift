import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import Shared

/// An installation of separate processes: a broker, the simulators, and whatever roles a test starts.
///
/// With `PGM_TEST_BOOTSTRAP_SERVERS` the broker is that cluster, otherwise a `pgm dev-broker` process. Every
/// installation has topics of its own, told apart by their prefix.
final class Installation: Sendable {
    let environment: [String: String]
    let apiURL: String
    let sandboxURL: String
    let apiPort: Int
    /// What the names of its topics begin with.
    var topicPrefix: String { environment["KAFKA_TOPIC_PREFIX"] ?? "" }
    private let directory: URL
    private let infrastructure: [PGMProcess]
    private let roles = Roles()

    /// Processes that a test started.
    private actor Roles {
        var all: [PGMProcess] = []
        func add(_ process: PGMProcess) { all.append(process) }
    }

    /// - Parameter topicArguments: further arguments of `pgm topics create`; the embedded broker takes none.
    static func start(
        _ extra: [String: String] = [:], topicArguments: [String] = []
    ) async throws -> Installation {
        let directory = FileManager.default.temporaryDirectory.appending(path: "pgm-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let ports = try await freePorts(2)
        let (api, sandbox) = ("http://127.0.0.1:\(ports[0])", "http://127.0.0.1:\(ports[1])")
        var environment = Self.settings(api: api, apiPort: ports[0], sandbox: sandbox)
        environment.merge(extra) { $1 }
        var infrastructure: [PGMProcess] = []
        if let servers = ProcessInfo.processInfo.environment["PGM_TEST_BOOTSTRAP_SERVERS"] {
            environment["KAFKA_BOOTSTRAP_SERVERS"] = servers
            let create = try PGMProcess(
                ["topics", "create"] + topicArguments, environment: environment, directory: directory)
            guard try await eventually(within: .seconds(60), { !create.isRunning }), create.status == 0 else {
                throw InstallationError(problem: "topics could not be created:\n" + create.output)
            }
        } else {
            let broker = try PGMProcess(["dev-broker"], environment: environment, directory: directory)
            infrastructure.append(broker)
            _ = try await eventually(within: .seconds(10)) { broker.output.contains("KAFKA_EMBEDDED=true\n") }
            for line in broker.output.split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2, parts[0].hasPrefix("KAFKA_") { environment[parts[0]] = parts[1] }
            }
        }
        infrastructure.append(
            try PGMProcess(["sandbox", "--port", "\(ports[1])"], environment: environment, directory: directory))
        let installation = Installation(environment, api, sandbox, ports[0], directory, infrastructure)
        guard
            try await eventually(
                within: .seconds(20), { try await installation.answers(sandbox + "/-/merchant/notifications") })
        else {
            throw InstallationError(problem: "the simulators did not start:\n" + infrastructure.map(\.output).joined())
        }
        return installation
    }

    private init(
        _ environment: [String: String], _ api: String, _ sandbox: String, _ apiPort: Int, _ directory: URL,
        _ infrastructure: [PGMProcess]
    ) {
        self.environment = environment
        self.apiURL = api
        self.sandboxURL = sandbox
        self.apiPort = apiPort
        self.directory = directory
        self.infrastructure = infrastructure
    }

    private static func settings(api: String, apiPort: Int, sandbox: String) -> [String: String] {
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        return [
            "HTTP_HOST": "127.0.0.1", "HTTP_PORT": "\(apiPort)", "LOG_LEVEL": "info",
            "KAFKA_TOPIC_PREFIX": "e2e-\(UUID().uuidString.prefix(8).lowercased()).",
            "KAFKA_REPLICATION_FACTOR":
                ProcessInfo.processInfo.environment["PGM_TEST_REPLICATION_FACTOR"] ?? "1",
            "KAFKA_COMMAND_PARTITIONS": "6", "KAFKA_REPLY_PARTITIONS": "3",
            "PGM_ENCRYPTION_KEYS": "test:" + key, "ENABLED_PROVIDERS": "generic-provider,stripe",
            "PGM_PUBLIC_URL": api, "PAYMENT_CALLBACK_URL": sandbox + "/-/merchant/notifications",
            "PAYMENT_CALLBACK_SECRETS": "whsec_" + Data("a secret of the end-to-end tests".utf8).base64EncodedString(),
            "GENERIC_PROVIDER_BASE_URL": sandbox + "/-/sandbox/generic-provider",
            "GENERIC_PROVIDER_API_KEY": "generic-test-key", "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-test-secret",
            "STRIPE_BASE_URL": sandbox + "/-/sandbox/stripe", "STRIPE_PRIVATE_KEY": "sk_test_end_to_end",
            "STRIPE_WEBHOOK_SECRET": "whsec_end_to_end", "REQUEST_TIMEOUT_SECONDS": "60",
        ]
    }

    /// Starts a role; `extra` overrides settings.
    @discardableResult
    func start(_ arguments: String..., extra: [String: String] = [:]) async throws -> PGMProcess {
        let process = try PGMProcess(
            arguments, environment: environment.merging(extra) { $1 }, directory: directory)
        await roles.add(process)
        return process
    }

    /// Starts `pgm` with this environment alone.
    func start(_ arguments: [String], environment: [String: String]) async throws -> PGMProcess {
        let process = try PGMProcess(arguments, environment: environment, directory: directory)
        await roles.add(process)
        return process
    }

    /// Starts ingress, workers with health ports, and a notifier, and waits until all are ready.
    func startAll(workers count: Int) async throws -> [PGMProcess] {
        let ports = try await Self.freePorts(count + 1)
        var workers: [PGMProcess] = []
        try await start("ingress")
        try await start("notifier", extra: ["ADMIN_PORT": "\(ports[count])"])
        for index in 0..<count {
            workers.append(try await start("worker", extra: ["ADMIN_PORT": "\(ports[index])"]))
        }
        let urls = [apiURL] + ports.map { "http://127.0.0.1:\($0)" }
        let areReady = try await eventually(within: .seconds(60)) {
            for url in urls where try await !self.answers(url + "/-/ready") { return false }
            return true
        }
        guard areReady else { throw InstallationError(problem: "not ready:\n" + (await logs())) }
        return workers
    }

    /// Whether the broker is a cluster that others use too.
    static let isOnCluster = ProcessInfo.processInfo.environment["PGM_TEST_BOOTSTRAP_SERVERS"] != nil

    /// Sends a signal to the simulators: a stopped one leaves its callers waiting.
    func signalSandbox(_ signal: Int32) {
        for process in infrastructure where process.name.hasPrefix("sandbox") { process.send(signal) }
    }

    /// A new directory that goes with the installation.
    func emptyDirectory() throws -> String {
        let new = directory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: new, withIntermediateDirectories: false)
        return new.path
    }

    /// How a client of the test's own reaches the broker.
    func kafka(clientID: String) -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "", clientID: clientID,
            isEmbedded: environment["KAFKA_EMBEDDED"] == "true")
    }

    /// Stops the broker, when it is this installation's own.
    func stopBroker() async {
        for process in infrastructure where process.name == "dev-broker" { await process.stop() }
    }

    /// Everything the processes wrote.
    func logs() async -> String {
        let all = infrastructure + (await roles.all)
        return all.map { "--- \($0.name)\n\($0.output)" }.joined(separator: "\n")
    }

    /// Stops every process, roles first.
    func stop() async {
        for process in await roles.all.reversed() { await process.stop() }
        for process in infrastructure.reversed() { await process.stop() }
        try? FileManager.default.removeItem(at: directory)
    }

    func answers(_ url: String) async throws -> Bool {
        do {
            return try await API.get(url).status == 200
        } catch {
            return false
        }
    }

    /// Ports that were free a moment ago, below those from which the system takes one for each outgoing connection:
    /// one of these could be taken before the process that it is meant for has bound it.
    static func freePorts(_ count: Int) async throws -> [Int] {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        var channels: [any Channel] = []
        for candidate in (20_000..<32_000).shuffled() where channels.count < count {
            // One that is taken is passed over.
            guard let channel = try? await bootstrap.bind(host: "127.0.0.1", port: candidate).get() else { continue }
            channels.append(channel)
        }
        guard channels.count == count else { throw InstallationError(problem: "no free ports") }
        let ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
        return ports
    }
}

/// Why an installation could not be started.
struct InstallationError: Error, CustomStringConvertible {
    let problem: String
    var description: String { problem }
}

/// Runs a test against an installation and stops it whatever happens.
func withInstallation(
    _ extra: [String: String] = [:], topicArguments: [String] = [], _ body: (Installation) async throws -> Void
) async throws {
    let installation = try await Installation.start(extra, topicArguments: topicArguments)
    do {
        try await body(installation)
    } catch {
        print(await installation.logs().suffix(20_000))
        await installation.stop()
        throw error
    }
    await installation.stop()
}
