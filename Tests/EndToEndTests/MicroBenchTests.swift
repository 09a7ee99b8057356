import Foundation
import Testing

/// That `pgm-bench micro` counts what it says it counts.
@Suite
struct MicroBenchTests {
    private struct Report: Decodable {
        struct Step: Decodable {
            var step: String
            var timesInPay: Int
            var nanoseconds: Double
            var allocations: Double
            var allocatedBytes: Double
        }
        var allocationsOfPay: Double
        var steps: [Step]
    }

    @Test(.timeLimit(.minutes(1)), .enabled(if: Self.isGlibc))
    func everyStepIsMeasuredAndItsAllocationsAreCounted() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = try PGMProcess(
            ["micro", "--milliseconds", "20", "--json", file.path], environment: [:],
            directory: FileManager.default.temporaryDirectory,
            program: PGMProcess.executable.deletingLastPathComponent().appending(path: "pgm-bench"))
        #expect(try await eventually(within: .seconds(40)) { !process.isRunning })
        #expect(process.status == 0, "\(process.output)")
        let report = try JSONDecoder().decode(Report.self, from: Data(contentsOf: file))
        #expect(report.steps.count >= 18)
        #expect(report.steps.allSatisfy { $0.nanoseconds > 0 })
        let steps = Dictionary(uniqueKeysWithValues: report.steps.map { ($0.step, $0) })
        // Hashing a key needs no memory; reading JSON into a tree does, and so does what contains it.
        #expect(try #require(steps["(choose the partition)"]).allocations < 0.01)
        let parse = try #require(steps["parse the body"])
        #expect(parse.allocations >= 3)
        #expect(parse.allocatedBytes > parse.allocations)
        #expect(try #require(steps["encode the command"]).allocations > steps["(write the payload)"]?.allocations ?? 0)
        let sum = report.steps.reduce(0) { $0 + $1.allocations * Double($1.timesInPay) }
        #expect(abs(sum - report.allocationsOfPay) < 0.5)
    }

    private static var isGlibc: Bool {
        #if canImport(Glibc)
            true
        #else
            false
        #endif
    }
}
