import Foundation
import NIOCore
import NIOPosix

/// What a run asks of an installation.
struct InstallationOptions: Sendable {
    var recovery: Recovery
    var latencyMilliseconds: Int
    /// How long a worker waits for the provider.
    var providerTimeoutSeconds: Int
    /// How long a caller waits for an answer.
    var requestTimeoutSeconds: Int
    var logLevel: String
    var hasStaticMembers: Bool
    /// Settings of the journals' topics, which a broker of yours is given.
    var journalSettings: [String]
    /// Settings of the processes, given by whoever runs the harness.
    var extra: [String: String]
}

/// Addresses and environment of an installation, made before anything is started.
struct InstallationSettings: Sendable {
    let ports: [RoleSlot: Int]
    let sandboxPort: Int
    /// Where providers call back.
    let relayPort: Int
    /// Logs and journals.
    let directory: URL
    let hasOwnBroker = Self.hasOwnBroker
    let journalSettings: [String]
    private let hasStaticMembers: Bool
    var environment: [String: String]

    var sandboxURL: String { "http://127.0.0.1:\(sandboxPort)" }
    var ingressURLs: [String] { RoleSlot.ingresses.map(url) }

    /// Whether nobody names another broker.
    static var hasOwnBroker: Bool { ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"] == nil }

    /// Secret of the notifications.
    private static let secret = "whsec_" + Data("a secret of the chaos harness".utf8).base64EncodedString()

    init(_ options: InstallationOptions) async throws {
        hasStaticMembers = options.hasStaticMembers
        journalSettings = options.journalSettings
        let free = try await Self.freePorts(RoleSlot.allCases.count + 2)
        ports = Dictionary(uniqueKeysWithValues: zip(RoleSlot.allCases, free))
        (sandboxPort, relayPort) = (free[free.count - 2], free[free.count - 1])
        directory = FileManager.default.temporaryDirectory.appending(path: "pgm-chaos-\(UUID().uuidString.prefix(8))")
        let outer = ProcessInfo.processInfo.environment
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        let sandbox = "http://127.0.0.1:\(sandboxPort)"
        environment = [
            "HTTP_HOST": "127.0.0.1", "LOG_LEVEL": options.logLevel, "KAFKA_REPLICATION_FACTOR": "1",
            "KAFKA_CONFIG_SESSION_TIMEOUT_MS": "6000", "KAFKA_CONFIG_HEARTBEAT_INTERVAL_MS": "1000",
            "PGM_ENCRYPTION_KEYS": "chaos:" + key, "ENABLED_PROVIDERS": "generic-provider",
            "PGM_PUBLIC_URL": "http://127.0.0.1:\(relayPort)",
            "PAYMENT_CALLBACK_URL": sandbox + "/-/merchant/notifications", "PAYMENT_CALLBACK_SECRETS": Self.secret,
            "GENERIC_PROVIDER_BASE_URL": sandbox + "/-/sandbox/generic-provider",
            "GENERIC_PROVIDER_API_KEY": "generic-chaos-key",
            "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-chaos-secret",
            "GENERIC_PROVIDER_TIMEOUT_SECONDS": "\(options.providerTimeoutSeconds)",
            "REQUEST_TIMEOUT_SECONDS": "\(options.requestTimeoutSeconds)",
            "REBALANCE_DRAIN_SECONDS": "5", Recovery.setting: options.recovery.rawValue,
            "NOTIFY_TIMEOUT_SECONDS": "\(MerchantFault.notifierTimeoutSeconds)", "NOTIFY_PROBE_SECONDS": "2",
            "SANDBOX_LATENCY_MILLISECONDS": "\(options.latencyMilliseconds)",
        ]
        // The embedded broker forgets a member that waits to join while the broker itself is frozen, and never answers
        // it; librdkafka asks again after this time. A real coordinator keeps such members.
        if hasOwnBroker { environment["KAFKA_CONFIG_MAX_POLL_INTERVAL_MS"] = "12000" }
        for (name, value) in outer where name.hasPrefix("KAFKA_") { environment[name] = value }
        environment.merge(options.extra) { $1 }
        // Fresh topics whatever is set outside: what an earlier run left there is nobody's business.
        environment["KAFKA_TOPIC_PREFIX"] = "chaos-\(UUID().uuidString.prefix(8).lowercased())."
    }

    /// Where a role answers.
    func url(_ slot: RoleSlot) -> String { "http://127.0.0.1:\(ports[slot] ?? 0)" }

    /// The environment of a role's process; a worker's journal stays in its place from one process to the next.
    func environment(of slot: RoleSlot) -> [String: String] {
        var result = environment
        result[slot.portVariable] = "\(ports[slot] ?? 0)"
        if slot.role == .worker {
            result["JOURNAL_DIRECTORY"] = journal(of: slot).path
            if hasStaticMembers { result["WORKER_INSTANCE_ID"] = slot.name }
        }
        return result
    }

    /// A worker's disk.
    func journal(of slot: RoleSlot) -> URL { directory.appending(path: "journal-\(slot.name)") }

    func log(_ name: String) -> URL { directory.appending(path: name + ".log") }

    private static func freePorts(_ count: Int) async throws -> [Int] {
        var channels: [any Channel] = []
        for _ in 0..<count {
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            channels.append(try await bootstrap.bind(host: "127.0.0.1", port: 0).get())
        }
        let ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
        return ports
    }
}
