import ArgumentParser
import Foundation

/// `pgm-bench journal`: how fast a worker takes in a large journal, what it needs then, and how fast the next goes on.
struct JournalBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Fills a journal with many entries, and measures how workers start on it and take over.",
        discussion: """
            KAFKA_BOOTSTRAP_SERVERS names a broker to use instead of the embedded one. The embedded one keeps a few \
            thousand records of each partition: a worker has to read them while they are written, and one that starts \
            later finds only those.
            """)

    @Option(help: "Entries of the journal.")
    var entries = 5_000_000

    @Option(help: "Partitions of the journal.")
    var partitions = 12

    @Option(help: "Bytes of each entry that are sealed; its record's value is about 370 larger.")
    var contentBytes = 250

    @Option(help: "Records that the producer may be ahead of the worker; 4000 for the embedded broker when not given.")
    var ahead: Int?

    func run() async throws {
        guard (1...1_000_000_000).contains(entries), (1...1000).contains(partitions) else {
            throw ValidationError("--entries takes a number from 1 to 1000000000, --partitions one from 1 to 1000")
        }
        guard (1...100_000).contains(contentBytes), (1...1_000_000).contains(ahead ?? 1) else {
            throw ValidationError("--content-bytes takes a number from 1 to 100000, --ahead one from 1 to 1000000")
        }
        let installation = try await JournalInstallation.start(partitions: partitions)
        do {
            try await measure(installation)
            await installation.processes.stop()
        } catch {
            await installation.processes.stop()
            throw error
        }
    }

    private func measure(_ installation: JournalInstallation) async throws {
        Self.say("\(ProcessInfo.processInfo.activeProcessorCount) cores, \(installation.processes.brokerName)")
        let load = try JournalLoad(
            installation, contentBytes: contentBytes,
            ahead: ahead ?? (installation.processes.isEmbedded ? JournalLoad.aheadOfEmbeddedMax : 100_000))
        let (each, valueBytes) = try load.sealingCost()
        Self.say("sealing one entry: \(Self.rounded(each * 1_000_000, 1)) us on one core, value of \(valueBytes) bytes")
        let first =
            installation.processes.isEmbedded
            ? try await startFollowing(load, installation) : try await startFromNothing(load, installation)

        await installation.stop(first)
        let again = try await installation.launchWorker("first", adminPort: 18_382)
        let restart = try await installation.waitUntilReady(again)
        Self.say("stopped and started again with the kept index: ready after \(Self.seconds(restart))")
        Self.say(installation.footprint(again))

        let second = try await installation.launchWorker("second", adminPort: 18_383)
        let (catchingUp, records) = try await installation.waitUntilCaughtUp(second)
        Self.say("second worker: caught up from nothing after \(Self.seconds(catchingUp)), \(records) records")
        Self.say(installation.footprint(second))
        await installation.kill(again)
        let takeover = try await installation.waitUntilReady(second)
        Self.say("first worker killed: second one ready with all partitions after \(Self.seconds(takeover))")
        Self.say(installation.footprint(second))
    }

    /// Fills the journal, then starts a worker that knows nothing of it.
    private func startFromNothing(
        _ load: JournalLoad, _ installation: JournalInstallation
    ) async throws -> JournalInstallation.Worker {
        let started = ContinuousClock.now
        try await load.run(entries: entries, into: nil)
        Self.say("\(entries) entries written in \(Self.seconds(ContinuousClock.now - started))")
        let worker = try await installation.launchWorker("first", adminPort: 18_382)
        say(try await installation.waitUntilReady(worker), worker, "ready from nothing after")
        Self.say(installation.footprint(worker))
        return worker
    }

    /// Fills the journal while a worker follows.
    private func startFollowing(
        _ load: JournalLoad, _ installation: JournalInstallation
    ) async throws -> JournalInstallation.Worker {
        let worker = try await installation.launchWorker("first", adminPort: 18_382)
        _ = try await installation.waitUntilReady(worker)
        let started = ContinuousClock.now
        try await load.run(entries: entries, into: worker)
        say(ContinuousClock.now - started, worker, "written and followed in")
        Self.say(installation.footprint(worker))
        return worker
    }

    private func say(_ time: Duration, _ worker: JournalInstallation.Worker, _ what: String) {
        let cpu = ProcessUsage(pid: worker.process.processIdentifier).cpuMicroseconds / Double(entries)
        Self.say(
            "\(entries) entries \(what) \(Self.seconds(time)): "
                + "\(Self.rounded(Double(entries) / (time / .seconds(1)), 0)) records/s, "
                + "\(Self.rounded(cpu, 1)) us of the worker's processor time each")
    }

    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    static func seconds(_ duration: Duration) -> String { rounded(duration / .seconds(1), 1) + " s" }

    static func rounded(_ number: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", number) }
}
