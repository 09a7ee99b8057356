import ArgumentParser
import Foundation

/// Measures an installation of separate processes under load and prints a table; any failed request fails the run.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Starts broker, simulators, ingress, worker and notifier as processes and measures them under load.",
        discussion: "KAFKA_BOOTSTRAP_SERVERS names a broker to use instead of the embedded one.")

    @Option(help: "Operations to measure, by commas: pay, status, check.")
    var operations = "pay,status,check"

    @Option(help: "Requests in flight of the closed-loop runs, by commas.")
    var inFlight = "1,32,256"

    @Option(help: "Requests a second of the fixed-rate runs, by commas; empty for none.")
    var rates = "500"

    @Option(help: "Seconds of each measured run.")
    var seconds = 10

    @Option(help: "Seconds of load before each operation's first run.")
    var warmUp = 5

    @Option(help: "File for the results as JSON.")
    var json: String?

    func run() async throws {
        let installation = try await BenchInstallation.start()
        do {
            let results = try await measure(installation)
            await installation.stop()
            Report.show(results, broker: installation.brokerName)
            if let json { try Report.write(results, broker: installation.brokerName, to: json) }
            if results.contains(where: { $0.errors > 0 || $0.notificationsMissing > 0 }) { throw ExitCode(1) }
        } catch {
            await installation.stop()
            throw error
        }
    }

    private func measure(_ installation: BenchInstallation) async throws -> [RunResult] {
        var results: [RunResult] = []
        for name in operations.split(separator: ",") {
            guard let operation = BenchOperation(rawValue: String(name)) else {
                throw ValidationError("--operations takes pay, status and check")
            }
            let requests = try await installation.requests(of: operation)
            _ = try await LoadGenerator(port: installation.port, requests: requests)
                .closedLoop(inFlight: 32, for: .seconds(warmUp))
            for inFlight in try numbers(inFlight, "--in-flight") {
                let load = LoadGenerator(port: installation.port, requests: requests)
                results.append(
                    try await installation.observe(operation, "\(inFlight) in flight") {
                        try await load.closedLoop(inFlight: inFlight, for: .seconds(seconds))
                    })
            }
            for rate in try numbers(rates, "--rates") {
                let load = LoadGenerator(port: installation.port, requests: requests)
                results.append(
                    try await installation.observe(operation, "\(rate)/s") {
                        try await load.fixedRate(perSecond: rate, for: .seconds(seconds))
                    })
            }
        }
        return results
    }

    private func numbers(_ text: String, _ option: String) throws -> [Int] {
        try text.split(separator: ",").map { part in
            guard let number = Int(part), (1...100_000).contains(number) else {
                throw ValidationError("\(option) takes whole numbers from 1 to 100000, by commas")
            }
            return number
        }
    }
}

/// What is measured.
enum BenchOperation: String, Sendable {
    /// A payment that the provider approves at once.
    case pay
    /// The state of a payment.
    case status
    /// The state of a payment, delivered as a notification.
    case check
}
