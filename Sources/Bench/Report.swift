import Foundation

/// Result of one run.
struct RunResult: Encodable {
    /// What a process spent.
    struct Cost: Encodable {
        var process: String
        var cpuMicrosecondsPerRequest: Double
        var peakMemoryMebibytes: Double
    }

    var operation: String
    var load: String
    var requestsPerSecond: Double
    var p50Milliseconds: Double
    var p99Milliseconds: Double
    var p999Milliseconds: Double
    var requests: Int
    var errors: Int
    var notificationsMissing: Int
    var costs: [Cost]

    init(operation: String, load: String, samples: LoadSamples, notificationsMissing: Int, costs: [Cost]) {
        self.operation = operation
        self.load = load
        let sorted = samples.latenciesNanoseconds
        func quantile(_ share: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1_000_000
        }
        requests = sorted.count
        requestsPerSecond = Double(sorted.count) / (Double(samples.elapsedNanoseconds) / 1_000_000_000)
        p50Milliseconds = quantile(0.5)
        p99Milliseconds = quantile(0.99)
        p999Milliseconds = quantile(0.999)
        errors = samples.errors
        self.notificationsMissing = notificationsMissing
        self.costs = costs
    }
}

/// The results, for people and as JSON.
enum Report {
    static func show(_ results: [RunResult], broker: String) {
        let machine = "\(ProcessInfo.processInfo.activeProcessorCount) cores, \(broker)"
        write("\n\(machine); latency in ms, CPU in microseconds per request, peak memory in MiB\n")
        write("| operation | load | requests/s | p50 | p99 | p999 | errors | CPU (memory) per process |")
        write("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
        for result in results {
            let costs = result.costs.map { cost in
                let memory = rounded(cost.peakMemoryMebibytes, 0)
                return "\(cost.process) \(rounded(cost.cpuMicrosecondsPerRequest, 0)) (\(memory))"
            }
            let latencies = [result.p50Milliseconds, result.p99Milliseconds, result.p999Milliseconds]
            let errors = result.errors + result.notificationsMissing
            let cells =
                [result.operation, result.load, rounded(result.requestsPerSecond, 0)]
                + latencies.map { rounded($0, 2) } + ["\(errors)", costs.joined(separator: ", ")]
            write("| " + cells.joined(separator: " | ") + " |")
        }
    }

    static func write(_ results: [RunResult], broker: String, to path: String) throws {
        struct File: Encodable {
            var cores: Int
            var broker: String
            var runs: [RunResult]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let file = File(cores: ProcessInfo.processInfo.activeProcessorCount, broker: broker, runs: results)
        try encoder.encode(file).write(to: URL(filePath: path))
    }

    private static func write(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private static func rounded(_ number: Double, _ decimals: Int) -> String {
        String(format: "%.\(decimals)f", number)
    }
}
