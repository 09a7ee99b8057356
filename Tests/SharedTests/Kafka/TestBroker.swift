import Foundation
import Logging
import Synchronization
import Testing

@testable import Shared

/// Where the Kafka tests run: an embedded broker of their own, or the cluster that `PGM_TEST_BOOTSTRAP_SERVERS` names.
///
/// Topic and group names are unique, so that runs against a cluster do not meet.
final class TestBroker: Sendable {
    static let realServers = ProcessInfo.processInfo.environment["PGM_TEST_BOOTSTRAP_SERVERS"]
    static let isReal = realServers != nil

    /// Nil when the tests run against a cluster.
    let embedded: EmbeddedBroker?
    let bootstrapServers: String

    init() throws {
        if let servers = Self.realServers {
            embedded = nil
            bootstrapServers = servers
        } else {
            let broker = try EmbeddedBroker(topics: [])
            embedded = broker
            bootstrapServers = broker.bootstrapServers
        }
    }

    deinit { embedded?.close() }

    /// A name that no other run has used.
    static func uniqueName(_ stem: String) -> String {
        "pgm-test-\(stem)-\(UUID().uuidString.prefix(8).lowercased())"
    }

    /// A new topic; returns its name.
    func makeTopic(partitions: Int32 = 1) async throws -> String {
        let topic = KafkaTopicSpecification(name: Self.uniqueName("topic"), partitions: partitions)
        if let embedded {
            try embedded.createTopic(topic)
        } else {
            let outcomes = try await KafkaAdministration.createTopics(
                [topic], configuration: configuration(), within: .seconds(10))
            #expect(outcomes[topic.name] == .created)
        }
        return topic.name
    }

    func configuration(
        properties: [String: String] = [:],
        deliveryTimeout: Duration = .seconds(10),
        maximumPendingRecords: Int = 100_000
    ) -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: bootstrapServers,
            clientID: Self.uniqueName("client"),
            properties: properties,
            isEmbedded: !Self.isReal,
            deliveryTimeout: deliveryTimeout,
            maximumPendingRecords: maximumPendingRecords
        )
    }

    static let logger = {
        var logger = Logger(label: "pgm.test.kafka")
        logger.logLevel = ProcessInfo.processInfo.environment["PGM_TEST_LOG"] == nil ? .critical : .debug
        return logger
    }()
}

/// Everything that a reader delivered, in order.
final class MessageCollector: Sendable {
    private let collected = Mutex<[KafkaMessage]>([])

    var messages: [KafkaMessage] { collected.withLock { $0 } }
    var count: Int { collected.withLock { $0.count } }

    func append(_ batch: [KafkaMessage]) {
        collected.withLock { $0.append(contentsOf: batch) }
    }
}

/// Runs a producer for the length of the body.
func withProducer<Value>(
    _ configuration: KafkaConfiguration,
    _ body: (KafkaProducer) async throws -> Value
) async throws -> Value {
    let producer = try KafkaProducer(configuration: configuration, logger: TestBroker.logger)
    do {
        let value = try await body(producer)
        await producer.close(within: .seconds(2))
        return value
    } catch {
        await producer.close(within: .zero)
        throw error
    }
}

/// Runs a reader of the given offsets for the length of the body.
func withReader(
    _ configuration: KafkaConfiguration,
    from offsets: [KafkaOffset],
    headers: Set<String>? = nil,
    _ body: (KafkaPartitionReader, MessageCollector) async throws -> Void
) async throws {
    let collector = MessageCollector()
    let reader = try KafkaPartitionReader(
        configuration: configuration, headers: headers, handler: { collector.append($0) }, logger: TestBroker.logger)
    reader.assign(offsets)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await reader.run() }
        defer { reader.close() }
        try await body(reader, collector)
    }
}
