import Foundation

/// Threads for calls into C that block: they must never run on the cooperative pool.
enum KafkaThread {
    /// Starts a thread of its own; the result completes when the body has returned.
    ///
    /// - Parameter name: at most 15 characters, so that the system shows it whole.
    @discardableResult
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Completion {
        let completion = Completion()
        let thread = Thread {
            // The system learns the name of a running thread only.
            Thread.current.name = name
            body()
            completion.complete()
        }
        thread.stackSize = 1 << 20
        thread.start()
        return completion
    }

    /// Runs a blocking body on a thread of its own and suspends until it has returned.
    ///
    /// The body bounds its own time.
    static func run<Success: Sendable, Failure: Error>(
        _ name: String,
        _ body: @escaping @Sendable () -> Result<Success, Failure>
    ) async throws(Failure) -> Success {
        let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
            start(name) { continuation.resume(returning: body()) }
        }
        return try result.get()
    }
}
