import Dispatch
public import Logging
public import ServiceLifecycle
public import Shared
import Synchronization

/// The lanes of all topics that a process consumes as one member of a consumer group.
///
/// Each topic has bounds of its own: one whose provider is slow is not read any more, and the others go on.
public final class LaneGroup: KafkaGroupHandler, Service {
    private let lanes: [String: LaneConsumer]
    private let consumer = Mutex<KafkaGroupConsumer?>(nil)
    private let isClosing = Atomic(false)
    private let rebalanceDrain: Duration
    private let shutdownGrace: Duration
    private let logger: Logger

    /// Makes a member of a group, which joins it when it runs; its limits of time are the longest of its lanes'.
    ///
    /// - Parameters:
    ///   - instanceID: static membership, see ``KafkaGroupConsumer``.
    ///   - pace: how soon records have to be there.
    public init(
        group: String, lanes: [LaneConsumer], configuration: KafkaConfiguration, instanceID: String? = nil,
        pace: KafkaFetchPace = .prompt, logger: Logger
    ) throws(KafkaError) {
        self.lanes = Dictionary(lanes.map { ($0.topic, $0) }) { first, _ in first }
        self.rebalanceDrain = lanes.map(\.settings.rebalanceDrain).max() ?? .zero
        self.shutdownGrace = lanes.map(\.settings.shutdownGrace).max() ?? .zero
        self.logger = logger
        let consumer = try KafkaGroupConsumer(
            configuration: configuration, group: group, topics: self.lanes.keys.sorted(), instanceID: instanceID,
            pace: pace, handler: self, logger: logger)
        self.consumer.withLock { $0 = consumer }
        for lane in lanes { lane.attach(consumer) }
    }

    /// Consumes until graceful shutdown, then waits for what runs within the grace period.
    ///
    /// Throws when the Kafka client has failed for good.
    public func run() async throws {
        guard let consumer = consumer.withLock({ $0 }) else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.consumeUntilShutdown(consumer) }
            group.addTask { await self.work() }
            let end = await group.nextResult()
            for lane in lanes.values { lane.endWork() }
            group.addTask { try? await Task.sleep(for: self.shutdownGrace) }
            _ = await group.nextResult()
            group.cancelAll()
            try end?.get()
        }
    }

    private func consumeUntilShutdown(_ consumer: KafkaGroupConsumer) async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run()
        } onGracefulShutdown: {
            self.isClosing.store(true, ordering: .releasing)
            consumer.close(drain: self.shutdownGrace)
        }
    }

    private func work() async {
        await withDiscardingTaskGroup { group in
            for lane in lanes.values { group.addTask { await lane.work() } }
        }
    }

    private static func byTopic(_ partitions: [KafkaPartition]) -> [String: [KafkaPartition]] {
        Dictionary(grouping: partitions, by: \.topic)
    }

    /// Takes over partitions, on the consumer's thread.
    public func assigned(_ partitions: [KafkaPartition]) {
        for (topic, partitions) in Self.byTopic(partitions) { lanes[topic]?.assigned(partitions) }
    }

    /// Starts nothing more of these partitions and waits for what runs of all topics, within one drain limit.
    public func revoked(_ partitions: [KafkaPartition], lost: Bool) {
        let going = Self.byTopic(partitions).compactMap { topic, partitions in
            lanes[topic].map { (lane: $0, partitions: partitions, drain: $0.beginLettingGo(of: partitions)) }
        }
        let limit = isClosing.load(ordering: .acquiring) ? shutdownGrace : rebalanceDrain
        let deadline = DispatchTime.now() + limit / .seconds(1)
        if !lost {
            // All of them drain meanwhile, whichever is waited for first.
            for case let drain? in going.map(\.drain) { _ = drain.wait(until: deadline) }
        }
        for (lane, partitions, drain) in going { lane.endLettingGo(of: partitions, drain) }
    }

    /// Lets a partition go and takes it anew.
    public func repositioned(_ partition: KafkaPartition) { lanes[partition.topic]?.repositioned(partition) }

    /// Queues records and starts what may run.
    public func received(_ batch: [KafkaMessage]) {
        guard let topic = batch.first?.topic else { return }
        // Nearly always the records of one topic.
        if batch.allSatisfy({ $0.topic == topic }) {
            lanes[topic]?.received(batch)
        } else {
            for (topic, part) in Dictionary(grouping: batch, by: \.topic) { lanes[topic]?.received(part) }
        }
    }

    /// Per partition the offset below which everything is done.
    public func committableOffsets() -> [KafkaOffset] { lanes.values.flatMap { $0.committableOffsets() } }
}
