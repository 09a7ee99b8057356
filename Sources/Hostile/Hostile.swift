import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// Attacks a server of its own with every hostile class, beside well-formed traffic, and prints what came of it.
@main
struct Hostile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgm-hostile",
        abstract: "Sends 25 and more classes of hostile requests to `pgm dev` and compares statuses and latencies.",
        discussion: """
            Fails when an answer is not the expected one, when a well-formed request fails, or when the p99 of those
            is more than twice its baseline, which is measured just before each class. A class that is over is measured
            up to twice more, all samples together: what it causes comes again, what a neighbour causes does not.
            """)

    @Option(help: "Well-formed requests a second.")
    var rate = 200

    @Option(help: "Seconds of each class, over which its 200 requests are spread.")
    var seconds = 4

    @Option(help: "Only the classes whose name contains this.")
    var only: String?

    private static let attemptsMax = 3
    private static let ratioMax = 2.0

    func run() async throws {
        let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "pgm")
        let server = try await HostileServer.start(executable: executable, port: try await Self.freePort())
        defer { server.stop() }
        let traffic = GoodTraffic(target: server.target, rate: rate)
        let classes = server.target.classes.filter { only == nil || $0.name.contains(only ?? "") }
        guard !classes.isEmpty else { throw ValidationError("--only names no class") }
        // The first requests of a process are its slowest.
        _ = try await traffic.run(beside: {}, atLeast: .seconds(seconds))
        Self.show("\(ProcessInfo.processInfo.activeProcessorCount) cores; \(rate) well-formed requests a second\n")
        Self.show("| class | answers | baseline p99 in ms | p99 in ms | ratio | measured |")
        Self.show("| --- | --- | ---: | ---: | ---: | ---: |")
        var problems: [String] = []
        for hostile in classes { problems += try await measure(hostile, traffic) }
        if !server.isRunning { problems.append("the server has ended") }
        Self.show("\n\(classes.count) classes, \(problems.count) problems")
        for problem in problems { Self.show("  " + problem) }
        if !problems.isEmpty { throw ExitCode(1) }
    }

    /// Measures well-formed traffic alone and then beside a class, so that both see the same machine; prints a row.
    private func measure(_ hostile: HostileClass, _ traffic: GoodTraffic) async throws -> [String] {
        // Slow ones too begin one after the other: their slowness is measured, not 200 connections in one go.
        let runner = HostileRunner(target: traffic.target, spread: .seconds(seconds))
        var (baseline, beside) = (GoodSamples(), GoodSamples())
        for attempt in 1...Self.attemptsMax {
            baseline.add(try await traffic.run(beside: {}, atLeast: .seconds(seconds)))
            let results = ResultBox()
            beside.add(
                try await traffic.run(
                    beside: { results.set(await runner.run(hostile)) }, atLeast: .seconds(seconds)))
            let result = results.value
            let ratio = beside.percentile(99) / baseline.percentile(99)
            let failures = baseline.failures + beside.failures
            if ratio > Self.ratioMax, attempt < Self.attemptsMax, result.wrongCount == 0, failures == 0 { continue }
            let cells = [
                hostile.name, result.countsText, Self.text(baseline.percentile(99)), Self.text(beside.percentile(99)),
                String(format: "%.2f", ratio), "\(attempt)",
            ]
            Self.show("| " + cells.joined(separator: " | ") + " |")
            var problems = result.problems
            if failures > 0 { problems.append("\(failures) well-formed requests failed") }
            if ratio > Self.ratioMax { problems.append("p99 is more than twice the baseline") }
            return problems.map { "\(hostile.name): \($0)" }
        }
        return []
    }

    private static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    private static func text(_ latency: Duration) -> String {
        String(format: "%.2f", latency / .milliseconds(1))
    }

    private static func show(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
