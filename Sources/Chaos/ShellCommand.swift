import Foundation

/// A command line of whoever runs the harness.
struct ShellCommand: Sendable {
    var text: String
    /// Where its output goes, behind what is there already.
    var log: URL

    private static let limit: Duration = .seconds(60)
    /// Writes how the line ended where its last argument says.
    private static let script = "(eval \"$1\"); echo $? >\"$2\""

    /// Runs it to its end, which must come in time and with status 0.
    ///
    /// Its end is told by a file: what it leaves running inherits what would tell the end of a process.
    func run() async throws {
        let status = log.appendingPathExtension("status")
        try? FileManager.default.removeItem(at: status)
        let descriptor = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ChaosError(problem: "cannot write \(log.path)") }
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", Self.script, "sh", text, status.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var written = ""
        let hasEnded = await Waiting.until(Self.limit) {
            written = (try? String(contentsOf: status, encoding: .utf8)) ?? ""
            return written.hasSuffix("\n")
        }
        guard hasEnded else {
            _ = kill(process.processIdentifier, SIGKILL)
            throw ChaosError(problem: "'\(text)' did not end within \(Self.limit), see \(log.path)")
        }
        guard written == "0\n" else {
            throw ChaosError(problem: "'\(text)' ended with status \(written), see \(log.path)")
        }
    }
}
