import Foundation
import Synchronization

/// The processes that are measured: an installation as in production, on loopback.
final class BenchInstallation {
    let port: Int
    var brokerName: String { processes.brokerName }
    private let sandboxURL: String
    private let processes: BenchProcesses

    private init(port: Int, sandboxPort: Int) throws {
        self.port = port
        sandboxURL = "http://127.0.0.1:\(sandboxPort)"
        processes = try BenchProcesses(
            sandboxURL: sandboxURL, publicURL: "http://127.0.0.1:\(port)",
            [
                "HTTP_PORT": "\(port)", "PAYMENT_CALLBACK_URL": sandboxURL + "/-/merchant/notifications",
                "WORKER_MAX_IN_FLIGHT": "512", "GENERIC_PROVIDER_MAX_CONNECTIONS": "512",
            ])
    }

    static func start() async throws -> BenchInstallation {
        let installation = try BenchInstallation(port: 18_280, sandboxPort: 18_281)
        let processes = installation.processes
        do {
            try await processes.startBroker()
            try processes.launch("sandbox", ["sandbox", "--port", "18281"])
            let journal = processes.directory.appending(path: "journal").path()
            try processes.launch("worker", ["worker"], ["ADMIN_PORT": "18282", "JOURNAL_DIRECTORY": journal])
            try processes.launch("notifier", ["notifier"], ["ADMIN_PORT": "18283"])
            try processes.launch("ingress", ["ingress"])
            for readyPort in [18_280, 18_282, 18_283] {
                try await processes.wait("port \(readyPort) is not ready") {
                    try await processes.get("http://127.0.0.1:\(readyPort)/-/ready").status == 200
                }
            }
            return installation
        } catch {
            await installation.stop()
            throw error
        }
    }

    /// Stops every process.
    func stop() async { await processes.stop() }

    /// Requests of an operation; makes the payments that it reads beforehand.
    func requests(of operation: BenchOperation) async throws -> @Sendable (Int) -> [UInt8] {
        let run = UUID().uuidString.prefix(8)
        switch operation {
        case .pay:
            // Each a payment of its own: one that is named again gets the first one's answer, and costs nothing.
            let payments = Counter()
            return { _ in
                let number = payments.next()
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
        let before = processes.running.map { ProcessUsage(pid: $0.process.processIdentifier) }
        let notifiedBefore = operation == .check ? try await notificationCount() : 0
        let samples = try await run()
        let requests = samples.latenciesNanoseconds.count
        var missing = 0
        if operation == .check {
            let expected = notifiedBefore + requests - samples.errors
            try? await processes.wait("notifications are missing") { try await self.notificationCount() >= expected }
            missing = max(0, expected - (try await notificationCount()))
        }
        var costs: [RunResult.Cost] = []
        for (index, entry) in processes.running.enumerated() {
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
        let answer = try await processes.get(sandboxURL + "/-/sandbox/generic-provider/__accounts?limit=100")
        let accounts = try JSONDecoder().decode(Accounts.self, from: answer.body).accounts
        return accounts.flatMap { $0.payments.map(\.paymentID) }
    }

    private func notificationCount() async throws -> Int {
        struct Notifications: Decodable { var count: Int }
        let answer = try await processes.get(sandboxURL + "/-/merchant/notifications?limit=1")
        return try JSONDecoder().decode(Notifications.self, from: answer.body).count
    }
}

/// Numbers that are given once.
private final class Counter: Sendable {
    private let value = Atomic(0)

    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
