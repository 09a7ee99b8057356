import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Shared

/// A broker and workers of one provider, as processes on loopback; workers come and go.
///
/// Sendable: processes and settings are changed by the one task that measures; others only ask for numbers.
final class JournalInstallation: @unchecked Sendable {
    /// One worker.
    struct Worker {
        let name: String
        let adminPort: Int
        let process: Process
        let startedAt: ContinuousClock.Instant
    }

    /// Longest that anything is waited for.
    static let limit: Duration = .seconds(1800)
    /// Name of the provider.
    static let provider = "generic-provider"

    let partitions: Int
    let isEmbedded: Bool
    private(set) var environment: [String: String]
    private let directory: URL
    private var processes: [Process] = []
    private let client = HTTPClient(eventLoopGroupProvider: .singleton)

    /// For the report.
    var brokerName: String { isEmbedded ? "embedded broker" : "external Kafka" }

    private init(partitions: Int) throws {
        self.partitions = partitions
        let outer = ProcessInfo.processInfo.environment
        isEmbedded = outer["KAFKA_BOOTSTRAP_SERVERS"] == nil
        directory = FileManager.default.temporaryDirectory.appending(path: "pgm-journal-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        environment = [
            "HTTP_HOST": "127.0.0.1", "LOG_LEVEL": "error", "KAFKA_COMMAND_PARTITIONS": "\(partitions)",
            "KAFKA_TOPIC_PREFIX": "bench-\(UUID().uuidString.prefix(8).lowercased()).",
            "KAFKA_REPLICATION_FACTOR": "1", "PGM_ENCRYPTION_KEYS": "bench:" + key,
            "ENABLED_PROVIDERS": Self.provider, "PGM_PUBLIC_URL": "http://127.0.0.1:18380",
            "GENERIC_PROVIDER_BASE_URL": "http://127.0.0.1:18381/-/sandbox/generic-provider",
            "GENERIC_PROVIDER_API_KEY": "generic-sandbox-key",
            "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-sandbox-secret",
        ]
        for (name, value) in outer where name.hasPrefix("KAFKA_") { environment[name] = value }
    }

    static func start(partitions: Int) async throws -> JournalInstallation {
        let installation = try JournalInstallation(partitions: partitions)
        do {
            if installation.isEmbedded {
                try await installation.startBroker()
            } else {
                let create = try installation.launch(["topics", "create"])
                try await installation.wait("topics were not created") { !create.isRunning }
            }
            return installation
        } catch {
            await installation.stop()
            throw error
        }
    }

    private func startBroker() async throws {
        let log = directory.appending(path: "broker.log")
        try launch(["dev-broker"], output: log)
        try await wait("the broker did not start") {
            (try? String(contentsOf: log, encoding: .utf8))?.contains("KAFKA_EMBEDDED") ?? false
        }
        for line in try String(contentsOf: log, encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { environment[parts[0]] = parts[1] }
        }
    }

    @discardableResult
    private func launch(_ arguments: [String], _ extra: [String: String] = [:], output: URL? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "pgm")
        process.arguments = arguments
        process.environment = environment.merging(extra) { $1 }
        if let output {
            try Data().write(to: output)
            process.standardOutput = try FileHandle(forWritingTo: output)
        } else {
            process.standardOutput = FileHandle.nullDevice
        }
        try process.run()
        processes.append(process)
        return process
    }

    /// Stops every process, the last one started first.
    func stop() async {
        for process in processes.reversed() where process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        processes = []
        try? await client.shutdown()
        try? FileManager.default.removeItem(at: directory)
    }

    // MARK: - Workers

    /// Starts a worker; one of the same name goes on in the directory of the last one.
    func launchWorker(_ name: String, adminPort: Int) async throws -> Worker {
        let process = try launch(
            ["worker"], ["ADMIN_PORT": "\(adminPort)", "JOURNAL_DIRECTORY": journal(name).path()])
        return Worker(name: name, adminPort: adminPort, process: process, startedAt: .now)
    }

    /// Ends a worker without letting it finish anything.
    func kill(_ worker: Worker) async {
        Foundation.kill(worker.process.processIdentifier, SIGKILL)
        worker.process.waitUntilExit()
    }

    /// Waits until a worker is ready with all partitions; returns how long that took.
    func waitUntilReady(_ worker: Worker) async throws -> Duration {
        let started = ContinuousClock.now
        try await wait("the \(worker.name) worker is not ready") {
            guard try await get(worker, "/-/ready").status == 200 else { return false }
            return Int(try await metrics(worker)[MetricName.lanePartitions] ?? 0) == partitions
        }
        return ContinuousClock.now - started
    }

    /// Waits until a worker has read what there is of the journal; returns how long that took since its start, and how
    /// many records it has read.
    func waitUntilCaughtUp(_ worker: Worker) async throws -> (time: Duration, records: Int) {
        // The distance to the end is measured every five seconds, so that it says nothing at first.
        let rest: Duration = .seconds(7)
        var records = 0
        var since = ContinuousClock.now
        try await wait("the \(worker.name) worker does not catch up") {
            let metrics = try await metrics(worker)
            let applied = Int(metrics[MetricName.journalEntries] ?? 0)
            if applied != records { (records, since) = (applied, .now) }
            return applied > 0 && metrics[MetricName.journalLag] == 0 && ContinuousClock.now - since > rest
        }
        return (since - worker.startedAt, records)
    }

    /// Records of the journal that a worker has read since it started.
    func applied(_ worker: Worker) async throws -> Int {
        Int(try await metrics(worker)[MetricName.journalEntries] ?? 0)
    }

    /// Memory of a worker and size of its index, for people.
    func footprint(_ worker: Worker) -> String {
        let usage = ProcessUsage(pid: worker.process.processIdentifier)
        let files = FileManager.default.enumerator(at: journal(worker.name), includingPropertiesForKeys: [.fileSizeKey])
        var bytes = 0
        while let file = files?.nextObject() as? URL {
            bytes += (try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
        }
        return "\(worker.name) worker: \(JournalBench.rounded(usage.memoryMebibytes, 0)) MiB resident, at most "
            + "\(JournalBench.rounded(usage.peakMemoryMebibytes, 0)) MiB; \(bytes >> 20) MiB on disk"
    }

    private func journal(_ worker: String) -> URL { directory.appending(path: "journal-" + worker) }

    // MARK: - Asking

    /// The sums of a worker's metrics over their labels, by their own names.
    private func metrics(_ worker: Worker) async throws -> [String: Double] {
        let text = String(decoding: try await get(worker, "/-/metrics").body, as: UTF8.self)
        let names = Dictionary(
            MetricCatalogue.all.map { ($0.exposedName, $0.name) }, uniquingKeysWith: { first, _ in first })
        var sums: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            guard let known = names[String(name)], let number = line.split(separator: " ").last else { continue }
            sums[known, default: 0] += Double(number) ?? 0
        }
        return sums
    }

    private func get(_ worker: Worker, _ path: String) async throws -> (status: Int, body: Data) {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(worker.adminPort)" + path)
        let response = try await client.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 16 << 20)
        return (Int(response.status.code), Data(body.readableBytesView))
    }

    private func wait(_ problem: String, until condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + Self.limit
        while ContinuousClock.now < end {
            if (try? await condition()) == true { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw BenchError(problem: problem)
    }
}
