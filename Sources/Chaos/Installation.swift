import Foundation
import NIOHTTP1

/// The processes of a run: broker, simulators, two ingresses, two workers, a notifier.
actor Installation {
    nonisolated let settings: InstallationSettings
    nonisolated let client: ChaosClient
    nonisolated let relay: CallbackRelay
    private let warden: ProcessWarden
    private var broker: ManagedProcess?
    private var sandbox: ManagedProcess?
    private var roles: [RoleSlot: ManagedProcess] = [:]
    private var unexpectedEndings: [Violation] = []
    /// By process; each is kept, so that none is taken for another.
    private var deadLetters: [ObjectIdentifier: Int] = [:]
    private var lives: [ManagedProcess] = []

    /// A worker that cannot be kept running is no installation to test.
    private static let unexpectedEndingsMax = 20
    private static let stopLimit: Duration = .seconds(40)

    private init(settings: InstallationSettings, client: ChaosClient, relay: CallbackRelay) throws {
        (self.settings, self.client, self.relay) = (settings, client, relay)
        warden = try ProcessWarden()
    }

    /// Starts everything and waits until it is ready; nothing is left behind when that fails.
    static func start(_ settings: InstallationSettings) async throws -> Installation {
        try FileManager.default.createDirectory(at: settings.directory, withIntermediateDirectories: true)
        let client = ChaosClient()
        let relay = try await CallbackRelay.start(
            port: settings.relayPort, ingresses: settings.ingressURLs, client: client)
        let installation = try Installation(settings: settings, client: client, relay: relay)
        do {
            try await installation.startAll()
            return installation
        } catch {
            await installation.stop(keepingLogs: true)
            throw error
        }
    }

    private func startAll() async throws {
        if settings.hasOwnBroker {
            brokerAddress = try await startBroker()
        } else {
            let options = settings.journalSettings.flatMap { ["--journal-setting", $0] }
            let create = try launch("topics", ["topics", "create"] + options, settings.environment)
            guard await create.hasEnded(within: .seconds(60)), create.ending == "status 0" else {
                await create.end()
                throw ChaosError(problem: "topics were not created, see \(settings.log("topics").path)")
            }
        }
        sandbox = try launch("sandbox", ["sandbox", "--port", "\(settings.sandboxPort)"], settings.environment)
        let notifications = settings.sandboxURL + "/-/merchant/notifications?limit=0"
        guard await Waiting.until(.seconds(30), { await client.send(.GET, notifications).isAnswer(200) }) else {
            throw ChaosError(problem: "the simulators did not start, see \(settings.log("sandbox").path)")
        }
        for slot in RoleSlot.allCases { try start(slot) }
        // Whoever ends at its start has a wrong setting, and would only end again.
        _ = await Waiting.until(.seconds(90)) {
            let isReady = await isReady(within: .zero)
            return isReady || !unexpectedEndings.isEmpty
        }
        let endings = unexpectedEndings.map { "; \($0.reference) ended with \($0.details)" }.joined()
        guard unexpectedEndings.isEmpty, await isReady(within: .zero) else {
            throw ChaosError(problem: "the roles are not ready, see \(settings.directory.path)\(endings)")
        }
    }

    /// What the embedded broker told of itself.
    private var brokerAddress: [String: String] = [:]

    private func startBroker() async throws -> [String: String] {
        let log = settings.log("broker")
        broker = try launch("broker", ["dev-broker"], settings.environment)
        func lines() -> [String] {
            ((try? String(contentsOf: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }
        guard await Waiting.until(.seconds(30), { lines().contains("KAFKA_EMBEDDED=true") }) else {
            throw ChaosError(problem: "the broker did not start, see \(log.path)")
        }
        var result: [String: String] = [:]
        for line in lines() where line.hasPrefix("KAFKA_") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { result[parts[0]] = parts[1] }
        }
        return result
    }

    private func launch(
        _ name: String, _ arguments: [String], _ environment: [String: String]
    ) throws -> ManagedProcess {
        try ManagedProcess(
            name, arguments, environment: environment, log: settings.log(name), warden: warden)
    }

    /// Fills a place; `extra` is for this process alone.
    func start(_ slot: RoleSlot, extra: [String: String] = [:]) throws {
        let environment = settings.environment(of: slot).merging(brokerAddress) { $1 }.merging(extra) { $1 }
        let process = try launch(slot.name, [slot.role.rawValue], environment)
        roles[slot] = process
        lives.append(process)
    }

    /// Removes what a worker keeps on its disk; only while it does not run.
    func emptyDisk(of slot: RoleSlot) throws {
        let folder = settings.journal(of: slot)
        if FileManager.default.fileExists(atPath: folder.path) { try FileManager.default.removeItem(at: folder) }
    }

    /// Runs a command of `pgm` as an operator does; what it printed, or nil when it failed or did not end in time.
    func output(of arguments: [String], named name: String, within limit: Duration) async throws -> String? {
        try? FileManager.default.removeItem(at: settings.log(name))
        let environment = settings.environment.merging(brokerAddress) { $1 }
        let process = try launch(name, arguments, environment)
        guard await process.hasEnded(within: limit), process.ending == "status 0" else {
            await process.end()
            return nil
        }
        return try? String(contentsOf: settings.log(name), encoding: .utf8)
    }

    /// Asks every running worker and notifier how many records it has made dead letters of.
    func countDeadLetters() async {
        await withTaskGroup(of: (ObjectIdentifier, Int)?.self) { group in
            for (slot, process) in roles where slot.role != .ingress && process.isRunning {
                let url = settings.url(slot) + "/-/metrics"
                group.addTask { [client] in
                    guard case .answer(200, let body) = await client.send(.GET, url, limitSeconds: 2) else {
                        return nil
                    }
                    let text = String(decoding: body, as: UTF8.self)
                    return (ObjectIdentifier(process), DeadLetters.count(inMetrics: text))
                }
            }
            for await found in group {
                if let (process, count) = found { deadLetters[process] = count }
            }
        }
    }

    /// Dead letters of all processes that were counted, those that have ended included.
    var deadLetterCount: Int { deadLetters.values.reduce(0, +) }

    /// The process that fills a place now.
    func process(_ slot: RoleSlot) -> ManagedProcess? { roles[slot] }

    /// The embedded broker; nil when it is a cluster.
    func brokerProcess() -> ManagedProcess? { broker }

    /// Ends a place's process politely, as a roll-out does; what does not end in time is a violation.
    func endPolitely(_ slot: RoleSlot) async {
        guard let process = roles[slot], process.isRunning else { return }
        process.send(SIGTERM)
        if await process.hasEnded(within: Self.stopLimit) { return }
        await process.end()
        unexpectedEndings.append(
            Violation(reference: slot.name, rule: .stuckProcess, details: "did not end after SIGTERM and was killed"))
    }

    /// Whether every place is filled and ready; what ended by itself is started again and reported.
    func isReady(within limit: Duration) async -> Bool {
        await Waiting.until(limit) {
            restartWhatEnded()
            for slot in RoleSlot.allCases {
                guard await client.send(.GET, settings.url(slot) + "/-/ready").isAnswer(200) else { return false }
            }
            return true
        }
    }

    /// Starts again what ended without being asked to.
    func restartWhatEnded() {
        for slot in RoleSlot.allCases {
            guard let process = roles[slot], !process.isRunning,
                unexpectedEndings.count < Self.unexpectedEndingsMax
            else { continue }
            unexpectedEndings.append(
                Violation(reference: slot.name, rule: .endedByItself, details: process.ending))
            try? start(slot)
        }
    }

    /// Adds something that a process did wrong.
    func report(_ violation: Violation) { unexpectedEndings.append(violation) }

    /// Processes that ended though nobody ended them, or did not though asked to.
    func processViolations() -> [Violation] {
        var violations = unexpectedEndings
        for process in [broker, sandbox].compactMap({ $0 }) where !process.isRunning {
            violations.append(Violation(reference: process.name, rule: .endedByItself, details: process.ending))
        }
        return violations
    }

    /// Ends every process, roles first.
    func stop(keepingLogs: Bool) async {
        broker?.send(SIGCONT)
        let roles = Array(roles.values)
        await withTaskGroup(of: Void.self) { group in
            for process in roles { group.addTask { await process.end(politelyWithin: .seconds(15)) } }
        }
        for process in [sandbox, broker].compactMap({ $0 }) { await process.end(politelyWithin: .seconds(5)) }
        warden.end()
        await relay.stop()
        await client.shutdown()
        if !keepingLogs { try? FileManager.default.removeItem(at: settings.directory) }
    }
}
