import Foundation
import Synchronization

/// One `pgm` process, started from the build that the tests belong to.
final class PGMProcess: Sendable {
    let name: String
    private let process: Mutex<Process>
    private let logURL: URL

    /// Starts `pgm`, or another program, with arguments and only the given environment.
    init(
        _ arguments: [String], environment: [String: String], directory: URL, program: URL = PGMProcess.executable
    ) throws {
        name = arguments.joined(separator: " ")
        let id = UUID().uuidString.prefix(8)
        logURL = directory.appending(path: "\(arguments[0])-\(id).log")
        try Data().write(to: logURL)
        let log = try FileHandle(forWritingTo: logURL)
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = log
        process.standardError = log
        try process.run()
        self.process = Mutex(process)
    }

    /// Beside the test bundle, where the package manager puts every product.
    static let executable: URL = {
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "pgm")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return URL(filePath: #filePath).appending(path: "../../../../.build/debug/pgm").standardizedFileURL
    }()

    var isRunning: Bool { process.withLock { $0.isRunning } }

    /// Exit status, once the process has ended.
    var status: Int32? { process.withLock { $0.isRunning ? nil : $0.terminationStatus } }

    /// What the process wrote so far.
    var output: String { (try? String(contentsOf: logURL, encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) {
        let pid = process.withLock { $0.isRunning ? $0.processIdentifier : 0 }
        if pid > 0 { kill(pid, signal) }
    }

    /// Ends the process: politely, then not.
    func stop() async {
        send(SIGTERM)
        let isGone = (try? await eventually(within: .seconds(20)) { !self.isRunning }) ?? false
        if !isGone { send(SIGKILL) }
    }
}
