import ArgumentParser
import Foundation

/// `pgm-bench journal`: how fast a worker takes in a large journal, what it needs then, and how fast the next goes on.
struct JournalBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Loads a journal of many entries into a worker, then kills workers and waits for the next one.",
        discussion: """
            KAFKA_BOOTSTRAP_SERVERS names a broker to use instead of the embedded one. The embedded one keeps a few \
            thousand records of each partition, so a worker that starts later finds only those.
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
        let first = try await installation.launchWorker("first", adminPort: 18_382)
        _ = try await installation.waitUntilReady(first)
        try await load(installation, first)
        Self.say(installation.footprint(first))

        await installation.kill(first)
        let again = try await installation.launchWorker("first", adminPort: 18_382)
        let restart = try await installation.waitUntilReady(again)
        Self.say("killed and started again: ready with all partitions after \(Self.seconds(restart))")
        Self.say(installation.footprint(again))

        let second = try await installation.launchWorker("second", adminPort: 18_383)
        let (catchingUp, records) = try await installation.waitUntilCaughtUp(second)
        Self.say("second worker: caught up after \(Self.seconds(catchingUp)), \(records) records")
        Self.say(installation.footprint(second))
        await installation.kill(again)
        let takeover = try await installation.waitUntilReady(second)
        Self.say("first worker killed: second one ready with all partitions after \(Self.seconds(takeover))")
        Self.say(installation.footprint(second))
    }

    private func load(_ installation: JournalInstallation, _ worker: JournalInstallation.Worker) async throws {
        let load = try JournalLoad(
            installation, contentBytes: contentBytes,
            ahead: ahead ?? (installation.processes.isEmbedded ? JournalLoad.aheadOfEmbeddedMax : 100_000))
        let (each, valueBytes) = try load.sealingCost()
        Self.say("sealing one entry: \(Self.rounded(each * 1_000_000, 1)) us on one core, value of \(valueBytes) bytes")
        let before = try await installation.applied(worker)
        let started = ContinuousClock.now
        try await load.run(entries: entries, into: worker, appliedBefore: before)
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let cpu = ProcessUsage(pid: worker.process.processIdentifier).cpuMicroseconds / Double(entries)
        Self.say(
            "\(entries) entries loaded in \(Self.rounded(seconds, 1)) s: "
                + "\(Self.rounded(Double(entries) / seconds, 0)) entries/s, "
                + "\(Self.rounded(cpu, 1)) us of the worker's processor time each")
    }

    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    static func seconds(_ duration: Duration) -> String { rounded(duration / .seconds(1), 1) + " s" }

    static func rounded(_ number: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", number) }
}
