import Foundation

/// `pgm dev` as a process of its own, on a port of its own, as hostile classes need it.
final class HostileServer: Sendable {
    /// What the classes need to know of it.
    let target: HostileTarget
    private let process: Process

    /// Starts the executable and waits until it is ready.
    static func start(executable: URL, port: Int) async throws -> HostileServer {
        let target = HostileTarget(
            port: port, apiKey: "hostile-key-1", callbackSecret: "hostile-callback-secret", readTimeout: .seconds(2))
        let process = Process()
        process.executableURL = executable
        process.arguments = ["dev"]
        process.environment = HostileTarget.settings(apiKey: target.apiKey, callbackSecret: target.callbackSecret)
            .merging(["HTTP_PORT": "\(port)"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let server = HostileServer(target: target, process: process)
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit, process.isRunning {
            if await server.isReady() { return server }
            try await Task.sleep(for: .milliseconds(100))
        }
        server.stop()
        throw HostileServerError()
    }

    private init(target: HostileTarget, process: Process) {
        self.target = target
        self.process = process
    }

    /// Whether it still runs: nothing that is sent may end it.
    var isRunning: Bool { process.isRunning }

    /// Processor time and memory are free again afterwards.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    private func isReady() async -> Bool {
        guard let connection = try? await HostileConnection.open(port: target.port) else { return false }
        await connection.send(Array(target.get("/-/ready").utf8))
        let transcript = await connection.transcript(answers: 1, untilClosed: false, within: .seconds(2))
        await connection.close()
        return transcript.answers.first?.status == 200
    }
}

/// The server did not become ready.
struct HostileServerError: Error, CustomStringConvertible {
    var description: String { "pgm dev did not become ready" }
}
