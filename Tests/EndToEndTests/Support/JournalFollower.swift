import Logging
import Shared
import Synchronization

/// The journal of the demonstration provider as it stands in its topic, read by a client of the test's own.
final class JournalFollower: Sendable {
    /// A record whose content stays sealed.
    struct Record: Sendable {
        let partition: Int32
        let offset: Int64
        let key: JournalRecordKey
        let mark: JournalMark

        init?(_ message: KafkaMessage) {
            guard let key = message.key?.withUnsafeBytes({ JournalRecordKey($0) }),
                let mark = message.text("journal-mark").flatMap(JournalMark.init)
            else { return nil }
            (partition, offset) = (message.partition, message.offset)
            (self.key, self.mark) = (key, mark)
        }
    }

    private struct State {
        var records: [Record] = []
        var positions: [Int32: Int64] = [:]
    }

    static let provider: ProviderName = ProviderName("generic-provider")
    private let state = Mutex(State())

    /// What was read so far, in the order of each partition.
    var records: [Record] { state.withLock { $0.records } }

    /// The records of a payment.
    func records(of shopTransactionID: String) -> [Record] {
        records.filter { $0.key.entry == .payment(shopTransactionID) }
    }

    private init() {}

    /// Reads the journal from its beginning, and goes on with it as long as `body` runs.
    static func follow<Value: Sendable>(
        _ installation: Installation, _ body: (JournalFollower) async throws -> Value
    ) async throws -> Value {
        let follower = JournalFollower()
        return try await follower.reading(installation) { _ in try await body(follower) }
    }

    /// Every record that the journal has at this moment.
    static func records(of installation: Installation) async throws -> [Record] {
        let follower = JournalFollower()
        return try await follower.reading(installation) { ends in
            let isRead = try await eventually(within: .seconds(20)) {
                follower.state.withLock { state in
                    ends.allSatisfy { $0.offset == 0 || state.positions[$0.partition.partition] ?? 0 >= $0.offset }
                }
            }
            guard isRead else { throw InstallationError(problem: "the journal could not be read to its end") }
            return follower.records
        }
    }

    private func reading<Value: Sendable>(
        _ installation: Installation, _ body: ([KafkaOffset]) async throws -> Value
    ) async throws -> Value {
        let count = Int32(installation.environment["KAFKA_COMMAND_PARTITIONS"] ?? "") ?? 0
        let topic = TopicNames(prefix: installation.topicPrefix).journal(of: Self.provider)
        let partitions = (0..<count).map { KafkaPartition(topic: topic, partition: $0) }
        let reader = try KafkaPartitionReader(
            configuration: installation.kafka(clientID: "journal-follower"), handler: { self.add($0) },
            logger: Logger(label: "follower"))
        async let running: Void = reader.run()
        do {
            let ends = try await reader.endOffsets(partitions, within: .seconds(20))
            reader.assign(partitions.map { KafkaOffset(partition: $0, offset: 0) })
            let value = try await body(ends)
            reader.close()
            await running
            return value
        } catch {
            reader.close()
            await running
            throw error
        }
    }

    private func add(_ batch: [KafkaMessage]) {
        state.withLock { state in
            for message in batch {
                state.positions[message.partition] = message.offset + 1
                if let record = Record(message) { state.records.append(record) }
            }
        }
    }
}
