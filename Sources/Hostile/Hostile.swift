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
            is more than twice its baseline. A class that is over is measured up to twice more: what it causes comes
            again, what a neighbour causes does not.
            """)

    @Option(help: "Well-formed requests a second.")
    var rate = 200

    @Option(help: "Seconds of each class, over which its 200 requests are spread.")
    var seconds = 5

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
        _ = try await traffic.run(beside: {}, atLeast: .seconds(seconds))
        let baseline = try await traffic.run(beside: {}, atLeast: .seconds(3 * seconds))
        Self.show("\(ProcessInfo.processInfo.activeProcessorCount) cores; \(rate) well-formed requests a second")
        Self.show("baseline: \(baseline.latencies.count) requests, p99 \(Self.text(baseline.percentile(99))) ms\n")
        Self.show("| class | answers | p99 in ms | of baseline | measured |")
        Self.show("| --- | --- | ---: | ---: | ---: |")
        var failures: [String] = baseline.failures > 0 ? ["well-formed requests failed without hostile ones"] : []
        for hostile in classes {
            failures += try await measure(hostile, traffic, baseline.percentile(99))
        }
        if !server.isRunning { failures.append("the server has ended") }
        Self.show("\n\(classes.count) classes, \(failures.count) problems")
        for failure in failures { Self.show("  " + failure) }
        if !failures.isEmpty { throw ExitCode(1) }
    }

    private func measure(_ hostile: HostileClass, _ traffic: GoodTraffic, _ baseline: Duration) async throws -> [String]
    {
        let runner = HostileRunner(target: traffic.target, spread: hostile.isSlow ? .zero : .seconds(seconds))
        var problems: [String] = []
        for attempt in 1...Self.attemptsMax {
            let results = ResultBox()
            let good = try await traffic.run(
                beside: { results.set(await runner.run(hostile)) }, atLeast: .seconds(seconds))
            let result = results.value
            problems += result.problems.map { "\(hostile.name): \($0)" }
            if good.failures > 0 { problems.append("\(hostile.name): \(good.failures) well-formed requests failed") }
            let ratio = good.percentile(99) / baseline
            guard ratio <= Self.ratioMax || attempt == Self.attemptsMax || !problems.isEmpty else { continue }
            let cells = [
                hostile.name, result.countsText, Self.text(good.percentile(99)), String(format: "%.2f", ratio),
                "\(attempt)",
            ]
            Self.show("| " + cells.joined(separator: " | ") + " |")
            if ratio > Self.ratioMax { problems.append("\(hostile.name): p99 is more than twice the baseline") }
            return problems
        }
        return problems
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
