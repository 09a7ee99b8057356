import CRdKafka
import Logging

/// librdkafka's log lines, as events, into the process's log.
enum KafkaEventLog {
    /// The longest text of librdkafka that is kept, in characters.
    static let maximumTextCharacters = 500

    /// Logs one line; as an error when a position had to be moved because it lies outside the log.
    static func emit(_ event: OpaquePointer, to logger: Logger) {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var severity: Int32 = 7
        guard rd_kafka_event_log(event, &facility, &text, &severity) == 0 else { return }
        let name = facility.map { String(cString: $0) } ?? ""
        // librdkafka writes this line at warning only when the broker refused the position; the first start of a group
        // without any position is written at debug.
        let isOffsetOutOfRange = name == "OFFSET" && severity <= 4
        let metadata: Logger.Metadata = [
            "kafka.facility": .string(name),
            "kafka.text": .string(String((text.map { String(cString: $0) } ?? "").prefix(maximumTextCharacters))),
        ]
        if isOffsetOutOfRange {
            logger.error("kafka position outside the log, reading on from its start", metadata: metadata)
        } else {
            // An old broker, or the embedded one, does not know the flag that keeps topics from being made; nothing
            // here asks for a topic that it does not expect to be there.
            let isHarmless = name == "AUTOCREATE"
            logger.log(level: isHarmless ? .debug : level(ofSeverity: severity), "librdkafka", metadata: metadata)
        }
    }

    private static func level(ofSeverity severity: Int32) -> Logger.Level {
        switch severity {
        case ...2: .critical
        case 3: .error
        case 4: .warning
        case 5: .notice
        case 6: .info
        default: .debug
        }
    }
}
