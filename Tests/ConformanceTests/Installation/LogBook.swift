import Logging
import Synchronization

@testable import Shared

/// The lines that the product would write, at every level.
final class LogBook: Sendable {
    private let lines = Mutex<[[UInt8]]>([])

    var bytes: [UInt8] { lines.withLock { Array($0.joined()) } }

    var logger: Logger { Logger(label: "conformance") { _ in Handler(book: self) } }

    private struct Handler: LogHandler {
        let book: LogBook
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var writer = LineLogHandler(label: "conformance", level: .trace, format: .text)
            writer.metadata = metadata
            let line = writer.line(for: event)
            book.lines.withLock { $0.append(line) }
        }
    }
}
