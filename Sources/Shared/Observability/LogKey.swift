public import Logging

/// Keys of log metadata; a key is a case here, so it cannot be misspelt and can be searched for.
public enum LogKey: String, Sendable {
    /// Command (and request) identifier.
    case commandID = "command.id"
    /// Trace that something belongs to, 32 hexadecimal digits.
    case traceID = "trace.id"
    /// Provider name.
    case provider = "provider"
    /// Operation.
    case operation = "operation"
    /// Bounded code of an error or outcome.
    case code = "code"
    /// HTTP status.
    case statusCode = "http.status"
    /// HTTP method.
    case httpMethod = "http.method"
    /// Route pattern, never the raw path.
    case route = "http.route"
    /// Milliseconds that something took.
    case durationMilliseconds = "duration.ms"
    /// Topic.
    case topic = "kafka.topic"
    /// Partition.
    case partition = "kafka.partition"
    /// Offset.
    case offset = "kafka.offset"
    /// Partitions, listed.
    case partitions = "kafka.partitions"
    /// librdkafka's own facility and error name.
    case kafkaError = "kafka.error"
    /// Attempt number, from 1.
    case attempt = "attempt"
    /// How many.
    case count = "count"
    /// Epoch of an ownership.
    case epoch = "journal.epoch"
    /// Address of a server, without credentials.
    case address = "address"
    /// Name of a setting.
    case setting = "setting"
    /// A text from a fixed list that says why.
    case reason = "reason"
}

extension Logger {
    /// Adds metadata under typed keys.
    public subscript(key: LogKey) -> String? {
        get { self[metadataKey: key.rawValue].map { "\($0)" } }
        set { self[metadataKey: key.rawValue] = newValue.map { .string($0) } }
    }
}

extension Logger.Metadata {
    /// Metadata under typed keys.
    public static func of(_ values: KeyValuePairs<LogKey, String>) -> Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        for (key, value) in values { metadata[key.rawValue] = .string(value) }
        return metadata
    }
}
