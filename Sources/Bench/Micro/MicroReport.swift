import Foundation

/// The results of the steps, for people and as JSON.
enum MicroReport {
    static func show(_ results: [MicroResult]) {
        write("\n| part | step | in a `pay` | ns | allocations | bytes |")
        write("| --- | --- | ---: | ---: | ---: | ---: |")
        for result in results {
            let numbers = [result.nanoseconds, result.allocations, result.allocatedBytes].map(rounded)
            let times = result.timesInPay == 0 ? "" : "\(result.timesInPay)"
            write("| " + ([result.part, result.step, times] + numbers).joined(separator: " | ") + " |")
        }
        let total = [\MicroResult.nanoseconds, \.allocations, \.allocatedBytes].map { sum(results, $0) }.map(rounded)
        write("| all | one `pay` | | " + total.joined(separator: " | ") + " |")
    }

    static func write(_ results: [MicroResult], to path: String) throws {
        struct File: Encodable {
            var cores: Int
            var nanosecondsOfPay: Double
            var allocationsOfPay: Double
            var allocatedBytesOfPay: Double
            var steps: [MicroResult]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let file = File(
            cores: ProcessInfo.processInfo.activeProcessorCount, nanosecondsOfPay: sum(results, \.nanoseconds),
            allocationsOfPay: sum(results, \.allocations), allocatedBytesOfPay: sum(results, \.allocatedBytes),
            steps: results)
        try encoder.encode(file).write(to: URL(filePath: path))
    }

    private static func sum(_ results: [MicroResult], _ cost: KeyPath<MicroResult, Double>) -> Double {
        results.reduce(0) { $0 + $1[keyPath: cost] * Double($1.timesInPay) }
    }

    private static func rounded(_ number: Double) -> String { String(format: "%.0f", number) }

    private static func write(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
