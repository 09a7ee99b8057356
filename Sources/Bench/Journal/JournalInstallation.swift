import Foundation
import Shared

/// A broker and workers of one provider, as processes on loopback; workers come and go.
struct JournalInstallation: Sendable {
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
    let processes: BenchProcesses

    static func start(partitions: Int) async throws -> JournalInstallation {
        // Nobody calls the provider, so there is none.
        let processes = try BenchProcesses(
            sandboxURL: "http://127.0.0.1:18381", publicURL: "http://127.0.0.1:18380",
            ["KAFKA_COMMAND_PARTITIONS": "\(partitions)"])
        let installation = JournalInstallation(partitions: partitions, processes: processes)
        do {
            try await processes.startBroker()
            return installation
        } catch {
            await processes.stop()
            throw error
        }
    }

    // MARK: - Workers

    /// Starts a worker; one of the same name goes on in the directory of the last one.
    func launchWorker(_ name: String, adminPort: Int) async throws -> Worker {
        let process = try processes.launch(
            name, ["worker"], ["ADMIN_PORT": "\(adminPort)", "JOURNAL_DIRECTORY": journal(name).path()])
        return Worker(name: name, adminPort: adminPort, process: process, startedAt: .now)
    }

    /// Lets a worker end as a deployment does: it keeps its index.
    func stop(_ worker: Worker) async {
        worker.process.terminate()
        worker.process.waitUntilExit()
    }

    /// Ends a worker without letting it finish anything.
    func kill(_ worker: Worker) async {
        Foundation.kill(worker.process.processIdentifier, SIGKILL)
        worker.process.waitUntilExit()
    }

    /// Waits until a worker is ready with all partitions; returns how long that took.
    func waitUntilReady(_ worker: Worker) async throws -> Duration {
        let started = ContinuousClock.now
        try await processes.wait("the \(worker.name) worker is not ready", limit: Self.limit) {
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
        try await processes.wait("the \(worker.name) worker does not catch up", limit: Self.limit) {
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

    private func journal(_ worker: String) -> URL { processes.directory.appending(path: "journal-" + worker) }

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
        try await processes.get("http://127.0.0.1:\(worker.adminPort)" + path)
    }
}
