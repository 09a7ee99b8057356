import ArgumentParser

/// `pgm-bench`: load on the whole installation, or the hot path's steps one by one.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgm-bench", abstract: "Measures the product.", subcommands: [Bench.self, MicroBench.self],
        defaultSubcommand: Bench.self)
}
