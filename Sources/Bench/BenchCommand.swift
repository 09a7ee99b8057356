import ArgumentParser

/// `pgm-bench`: load on the whole installation, the hot path's steps one by one, or a journal of many entries.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgm-bench", abstract: "Measures the product.",
        subcommands: [Bench.self, MicroBench.self, JournalBench.self], defaultSubcommand: Bench.self)
}
