import CRdKafka

/// The C library that this process was started with.
public enum KafkaLibrary {
    /// Its version, `2.0.2` for instance.
    public static var version: String { rd_kafka_version_str().map { String(cString: $0) } ?? "unknown" }

    /// Its version as one number: major, minor, revision and state, a byte each.
    public static var versionNumber: Int32 { rd_kafka_version() }
}
