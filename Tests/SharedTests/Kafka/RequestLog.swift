import Logging
import Shared
import Synchronization

/// Counts what a client asks brokers for, by librdkafka's own account of its protocol (`debug=protocol`).
final class RequestLog: Sendable {
    private let lines = Mutex<[String]>([])

    /// Takes the lines of a client that is made with ``properties``.
    var logger: Logger {
        var logger = Logger(label: "requests") { [self] _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    /// What makes a client write down its requests.
    static let properties = ["debug": "protocol"]

    /// How many requests of a kind were sent.
    func count(_ kind: String) -> Int { lines.withLock { $0.count { $0.contains("Sent \(kind)Request") } } }

    private struct Handler: LogHandler {
        let log: RequestLog
        var logLevel: Logger.Level = .debug
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard let text = event.metadata?["kafka.text"] else { return }
            log.lines.withLock { $0.append("\(text)") }
        }
    }
}
