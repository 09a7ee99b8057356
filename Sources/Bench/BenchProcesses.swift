import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A broker and processes of `pgm` on loopback, with the settings that they share.
///
/// Sendable: `environment` and `running` are touched by nobody but the one task that measures; others use ``get(_:)``,
/// which needs neither.
final class BenchProcesses: @unchecked Sendable {
    /// Whether `KAFKA_BOOTSTRAP_SERVERS` named no broker.
    let isEmbedded: Bool
    /// For logs and journals; gone at the end.
    let directory: URL
    /// What all processes are given; the embedded broker's own settings come into it when it has started.
    private(set) var environment: [String: String]
    /// The running processes with their names, in the order of their start.
    private(set) var running: [(name: String, process: Process)] = []
    private let client = HTTPClient(eventLoopGroupProvider: .singleton)

    /// For the report.
    var brokerName: String { isEmbedded ? "embedded broker" : "external Kafka" }

    /// Settings of one provider behind a simulator, and those that are given here; starts nothing.
    init(sandboxURL: String, publicURL: String, _ settings: [String: String]) throws {
        let outer = ProcessInfo.processInfo.environment
        isEmbedded = outer["KAFKA_BOOTSTRAP_SERVERS"] == nil
        directory = FileManager.default.temporaryDirectory.appending(path: "pgm-bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        environment = [
            "HTTP_HOST": "127.0.0.1", "LOG_LEVEL": "error", "KAFKA_REPLICATION_FACTOR": "1",
            "KAFKA_TOPIC_PREFIX": "bench-\(UUID().uuidString.prefix(8).lowercased()).",
            "PGM_ENCRYPTION_KEYS": "bench:" + key, "PGM_PUBLIC_URL": publicURL,
            "ENABLED_PROVIDERS": "generic-provider",
            "GENERIC_PROVIDER_BASE_URL": sandboxURL + "/-/sandbox/generic-provider",
            "GENERIC_PROVIDER_API_KEY": "generic-sandbox-key",
            "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-sandbox-secret",
        ]
        .merging(settings) { $1 }
        for (name, value) in outer where name.hasPrefix("KAFKA_") { environment[name] = value }
    }

    /// Starts the embedded broker, or makes the topics in the other one.
    func startBroker() async throws {
        guard isEmbedded else {
            let create = try launch("topics", ["topics", "create"])
            try await wait("topics were not created") { !create.isRunning }
            guard create.terminationStatus == 0 else { throw BenchError(problem: "topics were not created") }
            running.removeAll { $0.name == "topics" }
            return
        }
        let log = directory.appending(path: "broker.log")
        try launch("broker", ["dev-broker"], output: log)
        try await wait("the broker did not start") {
            (try? String(contentsOf: log, encoding: .utf8))?.contains("KAFKA_EMBEDDED") ?? false
        }
        for line in try String(contentsOf: log, encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { environment[parts[0]] = parts[1] }
        }
    }

    /// Starts a command of the `pgm` beside this executable.
    @discardableResult
    func launch(
        _ name: String, _ arguments: [String], _ extra: [String: String] = [:], output: URL? = nil
    ) throws -> Process {
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
        running.append((name, process))
        return process
    }

    /// Stops every process, the last one started first.
    func stop() async {
        for (_, process) in running.reversed() where process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        running = []
        try? await client.shutdown()
        try? FileManager.default.removeItem(at: directory)
    }

    func get(_ url: String) async throws -> (status: Int, body: Data) {
        let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 16 << 20)
        return (Int(response.status.code), Data(body.readableBytesView))
    }

    /// Waits until a condition holds; one that throws does not hold.
    func wait(
        _ problem: String, limit: Duration = .seconds(60), until condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if (try? await condition()) == true { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw BenchError(problem: problem)
    }
}

/// Why nothing could be measured.
struct BenchError: Error, CustomStringConvertible {
    let problem: String
    var description: String { problem }
}
