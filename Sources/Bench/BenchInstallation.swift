import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The processes that are measured: an installation as in production, on loopback.
final class BenchInstallation {
    let port: Int
    let brokerName: String
    private let sandboxURL: String
    private var processes: [(name: String, process: Process)] = []
    private var environment: [String: String]
    private let directory: URL
    private let client = HTTPClient(eventLoopGroupProvider: .singleton)

    private init(port: Int, sandboxPort: Int) throws {
        self.port = port
        sandboxURL = "http://127.0.0.1:\(sandboxPort)"
        let api = "http://127.0.0.1:\(port)"
        let outer = ProcessInfo.processInfo.environment
        brokerName = outer["KAFKA_BOOTSTRAP_SERVERS"] == nil ? "embedded broker" : "external Kafka"
        directory = FileManager.default.temporaryDirectory.appending(path: "pgm-bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        environment = [
            "HTTP_HOST": "127.0.0.1", "HTTP_PORT": "\(port)", "LOG_LEVEL": "error",
            "KAFKA_TOPIC_PREFIX": "bench-\(UUID().uuidString.prefix(8).lowercased()).",
            "KAFKA_REPLICATION_FACTOR": "1", "PGM_ENCRYPTION_KEYS": "bench:" + key,
            "ENABLED_PROVIDERS": "generic-provider", "PGM_PUBLIC_URL": api,
            "PAYMENT_CALLBACK_URL": sandboxURL + "/-/merchant/notifications",
            "GENERIC_PROVIDER_BASE_URL": sandboxURL + "/-/sandbox/generic-provider",
            "GENERIC_PROVIDER_API_KEY": "generic-sandbox-key",
            "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-sandbox-secret", "WORKER_MAX_IN_FLIGHT": "512",
            "GENERIC_PROVIDER_MAX_CONNECTIONS": "512",
        ]
        for (name, value) in outer where name.hasPrefix("KAFKA_") { environment[name] = value }
    }

    static func start() async throws -> BenchInstallation {
        let installation = try BenchInstallation(port: 18_280, sandboxPort: 18_281)
        do {
            if installation.environment["KAFKA_BOOTSTRAP_SERVERS"] == nil {
                try await installation.startBroker()
            } else {
                let create = try installation.launch("topics", ["topics", "create"])
                try await installation.wait("topics were not created") { !create.isRunning }
                installation.processes.removeAll { $0.name == "topics" }
            }
            try installation.launch("sandbox", ["sandbox", "--port", "18281"])
            try installation.launch("worker", ["worker"], ["ADMIN_PORT": "18282"])
            try installation.launch("notifier", ["notifier"], ["ADMIN_PORT": "18283"])
            try installation.launch("ingress", ["ingress"])
            for readyPort in [18_280, 18_282, 18_283] {
                try await installation.wait("port \(readyPort) is not ready") {
                    try await installation.get("http://127.0.0.1:\(readyPort)/-/ready").status == 200
                }
            }
            return installation
        } catch {
            await installation.stop()
            throw error
        }
    }

    private func startBroker() async throws {
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

    @discardableResult
    private func launch(
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
        processes.append((name, process))
        return process
    }

    /// Stops every process, the last one started first.
    func stop() async {
        for (_, process) in processes.reversed() {
            process.terminate()
            process.waitUntilExit()
        }
        processes = []
        try? await client.shutdown()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Requests of an operation; makes the payments that it reads beforehand.
    func requests(of operation: BenchOperation) async throws -> @Sendable (Int) -> [UInt8] {
        let run = UUID().uuidString.prefix(8)
        switch operation {
        case .pay:
            return { number in
                let body = #"{"amount":"5.00","shopTransactionID":"b\#(run)-\#(number)","creditCardToken":"OK-BENCH"}"#
                return Array(
                    ("POST /generic-provider/credit-cards/pay HTTP/1.1\r\nHost: bench\r\n"
                        + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body).utf8)
            }
        case .status, .check:
            let pay = try await requests(of: .pay)
            let payments = try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask { [port] in
                        let connection = try await LoadConnection.open(port: port)
                        _ = try await connection.send(pay(number))
                        try await connection.close()
                    }
                }
                try await group.waitForAll()
                return try await references()
            }
            return { number in
                let payment = payments[number % payments.count]
                return Array(
                    "GET /generic-provider/\(operation.rawValue)?paymentId=\(payment) HTTP/1.1\r\nHost: bench\r\n\r\n"
                        .utf8)
            }
        }
    }

    /// Runs a load and adds what it cost each process.
    func observe(
        _ operation: BenchOperation, _ load: String, _ run: () async throws -> LoadSamples
    ) async throws -> RunResult {
        let before = processes.map { ProcessUsage(pid: $0.process.processIdentifier) }
        let notifiedBefore = operation == .check ? try await notificationCount() : 0
        let samples = try await run()
        let requests = samples.latenciesNanoseconds.count
        var missing = 0
        if operation == .check {
            let expected = notifiedBefore + requests - samples.errors
            _ = try? await wait("notifications are missing", seconds: 60) {
                try await self.notificationCount() >= expected
            }
            missing = max(0, expected - (try await notificationCount()))
        }
        var costs: [RunResult.Cost] = []
        for (index, entry) in processes.enumerated() {
            let after = ProcessUsage(pid: entry.process.processIdentifier)
            costs.append(
                RunResult.Cost(
                    process: entry.name,
                    cpuMicrosecondsPerRequest: (after.cpuMicroseconds - before[index].cpuMicroseconds)
                        / Double(max(1, requests)), peakMemoryMebibytes: after.peakMemoryMebibytes))
        }
        return RunResult(
            operation: operation.rawValue, load: load, samples: samples, notificationsMissing: missing, costs: costs)
    }

    private func references() async throws -> [String] {
        struct Accounts: Decodable {
            struct Account: Decodable {
                struct Payment: Decodable { var paymentID: String }
                var payments: [Payment]
            }
            var accounts: [Account]
        }
        let answer = try await get(sandboxURL + "/-/sandbox/generic-provider/__accounts?limit=100")
        let accounts = try JSONDecoder().decode(Accounts.self, from: answer.body).accounts
        return accounts.flatMap { $0.payments.map(\.paymentID) }
    }

    private func notificationCount() async throws -> Int {
        struct Notifications: Decodable { var count: Int }
        let answer = try await get(sandboxURL + "/-/merchant/notifications?limit=1")
        return try JSONDecoder().decode(Notifications.self, from: answer.body).count
    }

    private func get(_ url: String) async throws -> (status: Int, body: Data) {
        let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 16 << 20)
        return (Int(response.status.code), Data(body.readableBytesView))
    }

    @discardableResult
    private func wait(
        _ problem: String, seconds: Int = 60, until condition: () async throws -> Bool
    ) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if (try? await condition()) == true { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw BenchError(problem: problem)
    }
}

/// Why nothing could be measured.
struct BenchError: Error, CustomStringConvertible {
    let problem: String
    var description: String { problem }
}
