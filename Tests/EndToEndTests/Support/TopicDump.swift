import Logging
import Providers
import Shared
import Synchronization

/// Reads every record of an installation's topics, raw.
enum TopicDump {
    static func records(of installation: Installation) async throws -> [String] {
        let configuration = installation.kafka(clientID: "topic-dump")
        let names = TopicNames(prefix: installation.topicPrefix)
        let plan = TopicPlan(commandPartitions: 6, replyPartitions: 3, replicationFactor: 1)
        let partitions = plan.topics(named: names, providers: ProviderRegistry.all.map { $0.description.name })
            .flatMap { topic in (0..<topic.partitions).map { KafkaPartition(topic: topic.name, partition: $0) } }
        let read = Read()
        let reader = try KafkaPartitionReader(
            configuration: configuration, handler: { batch in read.add(batch) }, logger: Logger(label: "dump"))
        async let running: Void = reader.run()
        let ends = try await reader.endOffsets(partitions, within: .seconds(20))
        let starts = try await reader.startOffsets(partitions, within: .seconds(20))
        let expected = zip(
            ends.sorted { $0.partition < $1.partition }, starts.sorted { $0.partition < $1.partition }
        ).reduce(Int64(0)) { $0 + $1.0.offset - $1.1.offset }
        reader.assign(starts)
        _ = try await eventually(within: .seconds(20)) { read.count >= expected }
        reader.close()
        await running
        return read.all
    }

    private final class Read: Sendable {
        private let texts = Mutex<[String]>([])

        func add(_ batch: [KafkaMessage]) {
            let lines = batch.map { message in
                let headers = message.headers.map { "\($0.name)=\(text($0.value))" }.joined(separator: "\n")
                return [message.topic, text(message.key), text(message.value), headers].joined(separator: "\n")
            }
            texts.withLock { $0 += lines }
        }

        var count: Int { texts.withLock { $0.count } }
        var all: [String] { texts.withLock { $0 } }

        private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
    }
}
