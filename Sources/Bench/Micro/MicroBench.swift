import ArgumentParser
import CAllocationCount
import Foundation

/// `pgm-bench micro`: time and allocations of each step that a `pay` takes through our code, on one thread.
struct MicroBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro", abstract: "Measures the steps of the hot path one by one: time, allocations, bytes.")

    @Option(help: "Measured milliseconds of each step, half as long before to warm up.")
    var milliseconds = 1000

    @Option(help: "File for the results as JSON.")
    var json: String?

    func run() throws {
        guard (10...60_000).contains(milliseconds) else {
            throw ValidationError("--milliseconds takes a number from 10 to 60000")
        }
        guard MicroMeter.countsAllocations() else {
            throw CleanExit.message("Allocations can be counted with glibc only, and were not.")
        }
        let results = try MicroSteps.all().map { step in
            try MicroMeter.measure(step, for: .milliseconds(milliseconds))
        }
        MicroReport.show(results)
        if let json { try MicroReport.write(results, to: json) }
    }
}

/// One step of the hot path.
struct MicroStep {
    /// The part of the product that takes it.
    let part: String
    /// What is done.
    let name: String
    /// How often one `pay` does it; zero for a step that is contained in another one, or not on its way.
    let timesInPay: Int
    /// Does it once; the result depends on the work, so that it cannot be left out.
    let work: () throws -> Int
}

/// What one step costs, on average.
struct MicroResult: Encodable {
    var part: String
    var step: String
    var timesInPay: Int
    var nanoseconds: Double
    var nanosecondsOfFastestBatch: Double
    var allocations: Double
    var allocatedBytes: Double
    var repetitions: Int
}

/// Measures steps: in batches, so that the clock's own cost vanishes; the median of the batches counts.
enum MicroMeter {
    private static let batches = 20

    /// Whether an array that is made is noticed.
    static func countsAllocations() -> Bool {
        let before = allocation_count_of_thread()
        let array = [UInt8](repeating: 1, count: Int.random(in: 10_000...10_001))
        let after = allocation_count_of_thread()
        return allocation_count_is_available() && after.bytes - before.bytes >= UInt64(array.count)
    }

    static func measure(_ step: MicroStep, for duration: Duration) throws -> MicroResult {
        let clock = ContinuousClock()
        var sum = 0
        var warmUps = 0
        let start = clock.now
        while clock.now - start < duration / 2 {
            sum &+= try step.work()
            warmUps += 1
        }
        let repetitions = max(1, warmUps * 2 / batches)
        var nanoseconds: [Double] = []
        let before = allocation_count_of_thread()
        for _ in 0..<batches {
            let began = clock.now
            for _ in 0..<repetitions { sum &+= try step.work() }
            nanoseconds.append(Double((clock.now - began).nanoseconds) / Double(repetitions))
        }
        let after = allocation_count_of_thread()
        guard sum != 0 else { throw ValidationError("the step '\(step.name)' does nothing") }
        nanoseconds.sort()
        let count = batches * repetitions
        // The array of times grows while it is filled: a handful of allocations among thousands of repetitions.
        return MicroResult(
            part: step.part, step: step.name, timesInPay: step.timesInPay, nanoseconds: nanoseconds[batches / 2],
            nanosecondsOfFastestBatch: nanoseconds[0],
            allocations: Double(after.calls - before.calls) / Double(count),
            allocatedBytes: Double(after.bytes - before.bytes) / Double(count), repetitions: count)
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
