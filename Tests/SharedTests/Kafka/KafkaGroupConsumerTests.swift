import Logging
import Synchronization
import Testing

@testable import Shared

@Suite(.serialized, .timeLimit(.minutes(2)))
struct KafkaGroupConsumerTests {
    /// Runs a consumer for the length of the body, then closes it and waits for its end.
    private func withConsumer(
        _ broker: TestBroker,
        group: String,
        topic: String,
        others: [String] = [],
        handler: RecordingHandler,
        _ body: (KafkaGroupConsumer) async throws -> Void
    ) async throws {
        let consumer = try KafkaGroupConsumer(
            configuration: broker.configuration(), group: group, topics: [topic] + others, handler: handler,
            logger: TestBroker.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await consumer.run() }
            defer { consumer.close(drain: .seconds(1)) }
            try await body(consumer)
            consumer.close(drain: .seconds(1))
            try await tasks.waitForAll()
        }
        #expect(handler.assigned.isEmpty)
        #expect(!consumer.currentState.isConnected)
    }

    private func send(
        _ values: Range<Int>,
        to topic: String,
        _ producer: KafkaProducer,
        partitions: Int32 = 1
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (count, value) in values.enumerated() {
                if count >= 500 { try await group.next() }
                group.addTask {
                    let partition = Int32(value % Int(partitions))
                    _ = try await producer.send(
                        KafkaRecord(topic: topic, partition: partition, key: nil, value: Array("\(value)".utf8)))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func nextMemberGoesOnWhereTheLastOneCommitted() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 2)
        let group = TestBroker.uniqueName("group")
        try await withProducer(broker.configuration()) { producer in
            try await send(0..<10, to: topic, producer, partitions: 2)
            let first = RecordingHandler()
            try await withConsumer(broker, group: group, topic: topic, handler: first) { consumer in
                try await eventually { first.count == 10 }
                #expect(consumer.currentState.assigned.count == 2)
            }
            #expect(first.breaches == [])
            try await send(10..<16, to: topic, producer, partitions: 2)
            let second = RecordingHandler()
            try await withConsumer(broker, group: group, topic: topic, handler: second) { _ in
                try await eventually { second.count >= 6 }
            }
            #expect(Set(second.received.compactMap(\.value)) == Set((10..<16).map { Array("\($0)".utf8) }))
        }
    }

    @Test func pausedReadingKeepsThePartitionsAndDeliversLater() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let handler = RecordingHandler()
        try await withProducer(broker.configuration()) { producer in
            try await withConsumer(broker, group: TestBroker.uniqueName("group"), topic: topic, handler: handler) {
                consumer in
                consumer.pauseReading(topic: topic)
                try await eventually { !handler.assigned.isEmpty }
                try await send(0..<100, to: topic, producer)
                #expect(handler.count == 0)
                consumer.resumeReading(topic: topic)
                try await eventually { handler.count == 100 }
                #expect(consumer.currentState.assigned.count == 1)
            }
        }
        #expect(handler.record.withLock { $0.revocations } == 1)
    }

    @Test func aTopicThatIsHeldBackHoldsUpNoOther() async throws {
        let broker = try TestBroker()
        let (held, free) = (try await broker.makeTopic(partitions: 2), try await broker.makeTopic(partitions: 2))
        let handler = RecordingHandler()
        try await withProducer(broker.configuration()) { producer in
            try await withConsumer(
                broker, group: TestBroker.uniqueName("group"), topic: held, others: [free], handler: handler
            ) { consumer in
                try await eventually { handler.assigned.count == 4 }
                consumer.pauseReading(topic: held)
                try await send(0..<50, to: held, producer, partitions: 2)
                try await send(0..<50, to: free, producer, partitions: 2)
                try await eventually { handler.count == 50 }
                #expect(handler.received.allSatisfy { $0.topic == free })
                #expect(consumer.currentState.paused == [held])
                consumer.resumeReading(topic: held)
                try await eventually { handler.count == 100 }
            }
        }
        #expect(handler.breaches == [])
    }

    @Test func stoppedPartitionDeliversNothingMore() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 2)
        let handler = RecordingHandler()
        let stopped = KafkaPartition(topic: topic, partition: 0)
        try await withProducer(broker.configuration()) { producer in
            try await withConsumer(broker, group: TestBroker.uniqueName("group"), topic: topic, handler: handler) {
                consumer in
                try await send(0..<20, to: topic, producer, partitions: 2)
                try await eventually { handler.count == 20 }
                consumer.stopReading(partition: stopped)
                try await send(20..<40, to: topic, producer, partitions: 2)
                try await eventually { handler.count == 30 }
                #expect(handler.received.filter { $0.topicPartition == stopped }.count == 10)
                #expect(consumer.currentState.stopped == [stopped])
            }
        }
        #expect(handler.breaches == [])
    }

    /// A group's offset behind the end of the log is what is left when the log's end moves back.
    @Test func aPositionBehindTheEndOfTheLogIsReportedBeforeTheLogIsReadFromItsStart() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 2)
        let group = TestBroker.uniqueName("group")
        let moved = KafkaPartition(topic: topic, partition: 1)
        try await withProducer(broker.configuration()) { producer in
            try await send(0..<20, to: topic, producer, partitions: 2)
            let first = RecordingHandler()
            try await withConsumer(broker, group: group, topic: topic, handler: first) { _ in
                try await eventually { first.count == 20 }
                first.record.withLock { $0.positions[moved] = 500 }
            }
            #expect(first.record.withLock { $0.repositioned } == [])
            let second = RecordingHandler()
            try await withConsumer(broker, group: group, topic: topic, handler: second) { _ in
                try await eventually { second.count == 10 }
                try await send(20..<22, to: topic, producer, partitions: 2)
                try await eventually { second.count == 12 }
            }
            #expect(second.record.withLock { $0.repositioned } == [moved])
            #expect(second.received.filter { $0.topicPartition == moved }.map(\.offset) == Array(0..<11))
            #expect(second.breaches == [])
            let third = RecordingHandler()
            try await withConsumer(broker, group: group, topic: topic, handler: third) { _ in
                try await send(22..<24, to: topic, producer, partitions: 2)
                try await eventually { third.count == 2 }
            }
            #expect(third.record.withLock { $0.repositioned } == [])
        }
    }

    @Test func aConsumerThatFailsForGoodSaysSo() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let handler = RecordingHandler()
        let consumer = try KafkaGroupConsumer(
            configuration: broker.configuration(), group: TestBroker.uniqueName("group"), topics: [topic],
            handler: handler, logger: TestBroker.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await consumer.run() }
            try await eventually { handler.assigned.count == 1 }
            consumer.failForTest()
            await #expect(throws: KafkaError.self) { try await tasks.next() }
        }
        #expect(handler.assigned.isEmpty)
    }

    @Test func nothingIsLostWhenMembersComeAndGoUnderLoad() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 4)
        let group = TestBroker.uniqueName("group")
        let (first, second) = (RecordingHandler(), RecordingHandler())
        let total = 3_000
        try await withProducer(broker.configuration()) { producer in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                try await withConsumer(broker, group: group, topic: topic, handler: first) { _ in
                    try await eventually { first.assigned.count == 4 }
                    tasks.addTask {
                        for start in stride(from: 0, to: total, by: 20) {
                            try await send(start..<start + 20, to: topic, producer, partitions: 4)
                            try await paceLoad()
                        }
                    }
                    try await withConsumer(broker, group: group, topic: topic, handler: second) { _ in
                        try await eventually(within: .seconds(20)) {
                            first.assigned.count == 2 && second.assigned.count == 2 && second.count > 0
                        }
                    }
                    try await tasks.waitForAll()
                    try await eventually(within: .seconds(20)) {
                        Set((first.received + second.received).compactMap(\.value)).count == total
                    }
                }
            }
        }
        #expect(first.breaches == [])
        #expect(second.breaches == [])
    }

    @Test func aHundredThousandMessagesArriveInOrder() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 4)
        let handler = RecordingHandler()
        handler.record.withLock { $0.keepsMessages = false }
        let total = 100_000
        try await withProducer(broker.configuration()) { producer in
            try await withConsumer(broker, group: TestBroker.uniqueName("group"), topic: topic, handler: handler) { _ in
                try await eventually { handler.assigned.count == 4 }
                let start = ContinuousClock.now
                try await send(0..<total, to: topic, producer, partitions: 4)
                let produced = ContinuousClock.now - start
                try await eventually(within: .seconds(60)) { handler.count >= total }
                TestBroker.logger.debug("measured", metadata: ["produced": "\(produced)"])
            }
        }
        #expect(handler.breaches == [])
        #expect(handler.count == total)
    }
}
