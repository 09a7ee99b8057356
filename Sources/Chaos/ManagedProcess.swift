import Foundation
import Synchronization

/// One process of the installation, from its start to its end.
final class ManagedProcess: Sendable {
    let name: String
    private let id: Int32
    private let process: Mutex<Process>
    private let isReaped = Mutex(false)
    private let warden: ProcessWarden

    /// Starts `pgm` with only the given environment; what it writes is added to the log.
    init(
        _ name: String, _ arguments: [String], environment: [String: String], log: URL, warden: ProcessWarden
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "pgm")
        process.arguments = arguments
        process.environment = environment
        let descriptor = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ChaosError(problem: "cannot write \(log.path)") }
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        warden.add(process.processIdentifier)
        (self.name, self.warden, id) = (name, warden, process.processIdentifier)
        self.process = Mutex(process)
    }

    var isRunning: Bool {
        guard process.withLock({ !$0.isRunning }) else { return true }
        let isFirst = isReaped.withLock { isReaped in
            defer { isReaped = true }
            return !isReaped
        }
        if isFirst { warden.remove(id) }
        return false
    }

    /// How it ended, for people; empty while it runs.
    var ending: String {
        process.withLock { process in
            guard !process.isRunning else { return "" }
            let word = process.terminationReason == .uncaughtSignal ? "signal" : "status"
            return "\(word) \(process.terminationStatus)"
        }
    }

    /// Whether a signal ended it rather than an exit.
    var wasKilled: Bool {
        process.withLock { !$0.isRunning && $0.terminationReason == .uncaughtSignal && $0.terminationStatus == SIGKILL }
    }

    func send(_ signal: Int32) {
        process.withLock { process in
            if process.isRunning { _ = kill(id, signal) }
        }
    }

    /// Waits for its end; false when it is still there at the limit.
    func hasEnded(within limit: Duration) async -> Bool {
        await Waiting.until(limit, every: .milliseconds(10)) { !self.isRunning }
    }

    /// Ends it: politely when asked to and within the limit, otherwise at once.
    func end(politelyWithin limit: Duration? = nil) async {
        if let limit {
            send(SIGTERM)
            send(SIGCONT)
            if await hasEnded(within: limit) { return }
        }
        send(SIGKILL)
        _ = await hasEnded(within: .seconds(10))
    }
}

/// Why there is no result.
struct ChaosError: Error, CustomStringConvertible {
    let problem: String
    var description: String { problem }
}

/// Waits for what another process does.
enum Waiting {
    /// Asks again and again; false at the limit, or when the task is cancelled.
    static func until(
        _ limit: Duration, every pause: Duration = .milliseconds(100),
        isolation: isolated (any Actor)? = #isolation, _ condition: () async -> Bool
    ) async -> Bool {
        let end = ContinuousClock.now + limit
        while true {
            if await condition() { return true }
            guard ContinuousClock.now < end, !Task.isCancelled else { return false }
            try? await Task.sleep(for: pause)
        }
    }
}
