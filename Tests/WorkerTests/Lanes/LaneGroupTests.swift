import Logging
import Shared
import Synchronization
import Testing

@testable import Worker

/// Several topics of one process, as one member of a group.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct LaneGroupTests {
    private static let logger = {
        var logger = Logger(label: "pgm.test.lanes")
        logger.logLevel = .critical
        return logger
    }()

    private static func broker(topics: [String]) throws -> (broker: EmbeddedBroker, kafka: KafkaConfiguration) {
        let broker = try EmbeddedBroker(topics: topics.map { KafkaTopicSpecification(name: $0, partitions: 2) })
        return (
            broker,
            KafkaConfiguration(bootstrapServers: broker.bootstrapServers, clientID: "lanes", isEmbedded: true)
        )
    }

    private static func lanes(
        _ topic: String, _ settings: LaneConsumer.Settings = .init(),
        _ process: @escaping @Sendable (LaneWork, KafkaPartition) async -> RecordDisposition
    ) -> LaneConsumer {
        LaneConsumer(topic: topic, settings: settings, logger: logger, process: process)
    }

    private static func send(_ count: Int, to topic: String, _ producer: KafkaProducer) async throws {
        for index in 0..<count {
            try await producer.send(
                KafkaRecord(topic: topic, partition: Int32(index % 2), key: Array("\(index)".utf8), value: nil))
        }
    }

    @Test func aProviderThatStandsStillHoldsUpNoOther() async throws {
        let (broker, kafka) = try Self.broker(topics: ["slow", "fast"])
        defer { broker.close() }
        let producer = try KafkaProducer(configuration: kafka, logger: Self.logger)
        let gate = Gate()
        let (begun, slow, fast) = (Count(), Count(), Count())
        let bounds = LaneConsumer.Settings(inFlightMax: 2, shutdownGrace: .seconds(2))
        let group = try LaneGroup(
            group: "worker",
            lanes: [
                Self.lanes("slow", bounds) { _, _ in
                    begun.add()
                    await gate.wait()
                    slow.add()
                    return .done
                },
                Self.lanes("fast", bounds) { _, _ in
                    fast.add()
                    return .done
                },
            ], configuration: kafka, logger: Self.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            // More than the slow one may have in memory.
            try await Self.send(100, to: "slow", producer)
            await eventually("the slow one runs") { begun.value == 2 }
            try await Self.send(100, to: "fast", producer)
            await eventually("the fast one is done") { fast.value == 100 }
            #expect(slow.value == 0)
            gate.open()
            await eventually("the slow one is done") { slow.value == 100 }
            await producer.close(within: .seconds(2))
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
    }

    @Test func allTopicsDrainAtTheSameTimeWithinOneLimit() async throws {
        let (broker, kafka) = try Self.broker(topics: [])
        defer { broker.close() }
        let gates = [Gate(), Gate(), Gate()]
        let begun = Count()
        let bounds = LaneConsumer.Settings(rebalanceDrain: .milliseconds(400))
        let lanes = gates.indices.map { index in
            Self.lanes("topic-\(index)", bounds) { _, _ in
                begun.add()
                await gates[index].wait()
                return .done
            }
        }
        let group = try LaneGroup(group: "worker", lanes: lanes, configuration: kafka, logger: Self.logger)
        let partitions = gates.indices.map { KafkaPartition(topic: "topic-\($0)", partition: 0) }
        await withTaskGroup(of: Void.self) { tasks in
            for lane in lanes { tasks.addTask { await lane.work() } }
            group.assigned(partitions)
            group.received(
                partitions.map { KafkaMessage(topic: $0.topic, partition: 0, offset: 5, key: [1], value: nil) })
            await eventually("all run") { begun.value == 3 }
            let start = ContinuousClock.now
            group.revoked(partitions, lost: false)
            let taken = ContinuousClock.now - start
            #expect(taken >= .milliseconds(400) && taken < .milliseconds(1_100))
            #expect(Set(group.committableOffsets().map(\.offset)) == [5])
            for gate in gates { gate.open() }
            for lane in lanes { lane.endWork() }
        }
    }

    @Test func aPartitionWhoseLogMovedBackTakesLowerOffsetsAgain() async throws {
        let (broker, kafka) = try Self.broker(topics: [])
        defer { broker.close() }
        let seen = Mutex<[Int64]>([])
        let lanes = Self.lanes("topic") { work, _ in
            if case .record(let message) = work { seen.withLock { $0.append(message.offset) } }
            return .done
        }
        let group = try LaneGroup(group: "worker", lanes: [lanes], configuration: kafka, logger: Self.logger)
        let partition = KafkaPartition(topic: "topic", partition: 0)
        func message(_ offset: Int64) -> KafkaMessage {
            KafkaMessage(topic: "topic", partition: 0, offset: offset, key: [1], value: nil)
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await lanes.work() }
            group.assigned([partition])
            group.received([message(40), message(41)])
            await eventually("both are done") { seen.withLock { $0 } == [40, 41] }
            group.repositioned(partition)
            #expect(group.committableOffsets().isEmpty)
            group.received([message(0), message(1)])
            await eventually("they come again") { seen.withLock { $0 } == [40, 41, 0, 1] }
            await eventually("both can be committed") {
                group.committableOffsets() == [KafkaOffset(partition: partition, offset: 2)]
            }
            lanes.endWork()
            try await tasks.waitForAll()
        }
    }
}

/// Counts from any thread.
private final class Count: Sendable {
    private let counted = Mutex(0)

    var value: Int { counted.withLock { $0 } }

    func add() { counted.withLock { $0 += 1 } }
}
