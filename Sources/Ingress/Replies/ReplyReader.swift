import Logging
import Metrics
public import ServiceLifecycle
public import Shared
import Synchronization

/// Reads this process's share of the reply topic: one partition, from its end at start, and only then is it ready.
public final class ReplyReader: Service {
    private let reader: KafkaPartitionReader
    private let offsets: KafkaOffsets
    private let configuration: KafkaConfiguration
    private let codec: MessageCodec
    private let instance: String
    private let address = Mutex<ReplyAddress?>(nil)
    private let logger: Logger

    /// Longest wait for each question to the broker at start.
    static let brokerTimeout: Duration = .seconds(5)

    init(
        configuration: KafkaConfiguration, codec: MessageCodec, instance: String, table: ReplyTable, logger: Logger
    ) throws {
        self.configuration = configuration
        self.codec = codec
        self.instance = instance
        self.logger = logger
        self.offsets = KafkaOffsets(configuration: configuration, logger: logger)
        let dropped = Counter(label: MetricName.repliesDropped)
        self.reader = try KafkaPartitionReader(
            configuration: configuration,
            handler: { batch in
                Self.dispatch(batch, codec: codec, instance: instance, table: table, dropped: dropped)
            },
            logger: logger)
    }

    /// Where workers send replies; `nil` until the partition is assigned.
    public var replyAddress: ReplyAddress? { address.withLock { $0 } }

    /// Whether replies can arrive.
    public var isReady: Bool { replyAddress != nil && reader.isConnected }

    /// Takes a partition as soon as the broker answers, then reads until graceful shutdown.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.reader.run() }
            group.addTask { await self.assign() }
            try? await gracefulShutdown()
            reader.close()
            group.cancelAll()
        }
    }

    private func assign() async {
        // Asked once, so that nothing of the client stays.
        defer { offsets.close() }
        var attempt = 1
        let backoff = Backoff(first: .milliseconds(250), cap: .seconds(5))
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                let partition = try await choosePartition()
                let ends = try await offsets.ends(of: [partition], within: Self.brokerTimeout)
                guard let end = ends[partition] else { throw ReplyTopicMissing() }
                reader.assign([KafkaOffset(partition: partition, offset: end)])
                address.withLock { $0 = ReplyAddress(partition: partition.partition, instance: instance) }
                logger.info("reply partition assigned", metadata: .of([.partition: "\(partition.partition)"]))
                return
            } catch {
                logger.warning("no reply partition yet", metadata: .of([.attempt: "\(attempt)"]))
            }
            guard await Pause.wait(for: backoff.delay(afterAttempt: attempt)) else { return }
            attempt += 1
        }
    }

    /// Any partition will do: instances that share one ignore each other's replies.
    private func choosePartition() async throws -> KafkaPartition {
        let topic = codec.topics.replies
        let counts = try await KafkaAdministration.partitionCounts(
            topics: [topic], configuration: configuration, within: Self.brokerTimeout)
        guard let count = counts[topic], count > 0 else { throw ReplyTopicMissing() }
        return KafkaPartition(topic: topic, partition: Int32(clamping: Int.random(in: 0..<count)))
    }

    private static func dispatch(
        _ batch: [KafkaMessage], codec: MessageCodec, instance: String, table: ReplyTable, dropped: Counter
    ) {
        for message in batch {
            guard let addressee = codec.addressee(of: message), addressee.instance == instance else { continue }
            if !table.arrived(message, for: addressee.commandID) {
                dropped.increment()
            }
        }
    }
}

/// The reply topic does not exist (yet).
struct ReplyTopicMissing: Error {}
