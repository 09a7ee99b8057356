import Foundation
import Logging
import Providers
import Shared

/// Settings that every role reads: Kafka, sealing, logging, times.
struct ProcessSettings: Sendable {
    var kafka: KafkaConfiguration
    let topics: TopicNames
    let plan: TopicPlan
    let keys: SealingKeyRing
    let logLevel: Logger.Level
    let logFormat: LogFormat
    let shutdownGrace: Duration
    let rebalanceDrain: Duration
    let instance: String
    let adminHost: String
    let adminPort: Int?

    /// Reads the settings of one role, reporting what is wrong to the reader.
    init(role: String, reader: inout SettingsReader) {
        instance = "\(role)-\(UUID().uuidString.prefix(8).lowercased())"
        kafka = Self.kafka(clientID: "pgm-" + instance, &reader)
        topics = TopicNames(prefix: reader.string("KAFKA_TOPIC_PREFIX", default: "pgm."))
        plan = TopicPlan(
            commandPartitions: Int32(reader.integer("KAFKA_COMMAND_PARTITIONS", default: 12, in: 1...1000)),
            replyPartitions: Int32(reader.integer("KAFKA_REPLY_PARTITIONS", default: 12, in: 1...1000)),
            replicationFactor: Int32(reader.integer("KAFKA_REPLICATION_FACTOR", default: 3, in: 1...7)),
            journalRetention: reader.days("JOURNAL_RETENTION_DAYS", default: 180, in: 8...3650))
        keys = Self.keys(&reader)
        (logLevel, logFormat) = Self.logging(&reader)
        shutdownGrace = reader.seconds("SHUTDOWN_GRACE_SECONDS", default: 25, in: 1...600)
        rebalanceDrain = reader.seconds("REBALANCE_DRAIN_SECONDS", default: 5, in: 1...60)
        adminHost = reader.string("HTTP_HOST", default: "0.0.0.0")
        let port = reader.integer("ADMIN_PORT", default: 0, in: 0...65_535)
        adminPort = port == 0 ? nil : port
    }

    /// Level and form of the log.
    static func logging(_ reader: inout SettingsReader) -> (Logger.Level, LogFormat) {
        let levels = Logger.Level.allCases.map(\.rawValue)
        let level = reader.choice("LOG_LEVEL", default: "info", of: levels)
        let format = reader.choice("LOG_FORMAT", default: "text", of: LogFormat.allCases.map(\.rawValue))
        return (Logger.Level(rawValue: level) ?? .info, LogFormat(rawValue: format) ?? .text)
    }

    /// How to reach Kafka; `KAFKA_CONFIG_<PROPERTY_WITH_UNDERSCORES>` passes any librdkafka property through.
    static func kafka(clientID: String, _ reader: inout SettingsReader) -> KafkaConfiguration {
        let servers = reader.requiredString("KAFKA_BOOTSTRAP_SERVERS", meaning: "host:port of brokers, by commas")
        var properties: [String: String] = [:]
        for (name, value) in reader.variables(withPrefix: "KAFKA_CONFIG_") {
            let property = name.lowercased().replacing("_", with: ".")
            if KafkaConfiguration.refusedProperties.contains(property) {
                reader.report("KAFKA_CONFIG_" + name, "cannot be set: a promise of this service rests on it")
            }
            properties[property] = value
        }
        return KafkaConfiguration(
            bootstrapServers: servers, clientID: clientID, properties: properties,
            isEmbedded: reader.boolean("KAFKA_EMBEDDED", default: false),
            statisticsInterval: reader.seconds("KAFKA_STATISTICS_INTERVAL_SECONDS", default: 5, in: 0...3600),
            deliveryTimeout: reader.seconds("KAFKA_DELIVERY_TIMEOUT_SECONDS", default: 10, in: 1...300))
    }

    private static func keys(_ reader: inout SettingsReader) -> SealingKeyRing {
        let meaning = "ring of keys, id:base64 of 32 bytes, by commas, the sealing key first"
        let text = reader.requiredSecret("PGM_ENCRYPTION_KEYS", meaning: meaning)
        guard !text.exposed.isEmpty else { return .random() }
        guard let ring = SealingKeyRing.parse(text.exposed) else {
            reader.report("PGM_ENCRYPTION_KEYS", "must be a \(meaning), each id once")
            return .random()
        }
        return ring
    }
}
