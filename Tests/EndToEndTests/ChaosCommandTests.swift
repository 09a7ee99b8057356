import Foundation
import Testing

@testable import Chaos

/// The command lines that whoever runs the crash harness gives it.
@Suite struct ChaosCommandTests {
    private func run(_ text: String) async throws -> String {
        let log = FileManager.default.temporaryDirectory.appending(path: "pgm-chaos-command-\(UUID().uuidString)")
        defer {
            try? FileManager.default.removeItem(at: log)
            try? FileManager.default.removeItem(at: log.appendingPathExtension("status"))
        }
        try await ShellCommand(text: text, log: log).run()
        return try String(contentsOf: log, encoding: .utf8)
    }

    @Test func whatACommandPrintsIsKept() async throws {
        #expect(try await run("echo one; echo \"two\" >&2 # a comment") == "one\ntwo\n")
    }

    @Test func whatACommandLeavesRunningIsNotWaitedFor() async throws {
        let begun = ContinuousClock.now
        #expect(try await run("sleep 20 & echo started") == "started\n")
        #expect(.now - begun < .seconds(15))
    }

    @Test func aCommandThatFailsIsToldOf() async {
        await #expect(throws: ChaosError.self) { try await run("exit 3") }
        await #expect(throws: ChaosError.self) { try await run("(") }
    }
}
