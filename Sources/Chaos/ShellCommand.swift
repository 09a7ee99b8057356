import Foundation

/// A command line of whoever runs the harness.
struct ShellCommand: Sendable {
    var text: String
    /// Where its output goes, behind what is there already.
    var log: URL

    private static let limit: Duration = .seconds(60)

    /// Runs it to its end, which must come in time and with status 0.
    func run() async throws {
        let descriptor = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ChaosError(problem: "cannot write \(log.path)") }
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", text]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        guard await Waiting.until(Self.limit, { !process.isRunning }) else {
            _ = kill(process.processIdentifier, SIGKILL)
            throw ChaosError(problem: "'\(text)' did not end within \(Self.limit), see \(log.path)")
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw ChaosError(problem: "'\(text)' ended with status \(process.terminationStatus), see \(log.path)")
        }
    }
}
