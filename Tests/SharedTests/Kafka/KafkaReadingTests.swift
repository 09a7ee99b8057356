import Logging
import Testing

@testable import Shared

@Suite(.serialized, .timeLimit(.minutes(1)))
struct KafkaReadingTests {
    @Test func readerMissesNothingProducedRightAfterItsEndOffsetIsKnown() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withProducer(broker.configuration()) { producer in
            _ = try await producer.send(KafkaRecord(topic: topic, partition: 0, key: nil, value: [0]))
            try await withReader(broker.configuration(), from: []) { reader, collector in
                let end = try await reader.endOffsets(
                    [KafkaPartition(topic: topic, partition: 0)], within: .seconds(10))
                #expect(end == [KafkaOffset(topic: topic, partition: 0, offset: 1)])
                reader.assign(end)
                for index in 1...20 {
                    _ = try await producer.send(
                        KafkaRecord(topic: topic, partition: 0, key: nil, value: [UInt8(index)]))
                }
                try await eventually { collector.count >= 20 }
                #expect(collector.messages.map(\.value) == (1...20).map { [UInt8($0)] })
            }
        }
    }

    @Test func headersThatNobodyWantsAreLeftOut() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withProducer(broker.configuration()) { producer in
            // Other names at the places of the message before, so that none is taken for it.
            for names in [["a", "b", "c"], ["b", "a"], ["c", "bb", "b"]] {
                let headers = names.map { KafkaHeader(name: $0, text: $0) }
                _ = try await producer.send(
                    KafkaRecord(topic: topic, partition: 0, key: nil, value: [0], headers: headers))
            }
        }
        let start = [KafkaOffset(topic: topic, partition: 0, offset: 0)]
        for (wanted, expected) in [
            (nil, [["a", "b", "c"], ["b", "a"], ["c", "bb", "b"]]),
            (["b", "c"] as Set, [["b", "c"], ["b"], ["c", "b"]]),
        ] {
            try await withReader(broker.configuration(), from: start, headers: wanted) { _, collector in
                try await eventually { collector.count == 3 }
                #expect(collector.messages.map { $0.headers.map(\.name) } == expected)
                #expect(collector.messages.allSatisfy { $0.headers.allSatisfy { $0.value == Array($0.name.utf8) } })
            }
        }
    }

    @Test func newAssignmentReplacesTheOldOne() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 2)
        try await withProducer(broker.configuration()) { producer in
            for partition in Int32(0)..<2 {
                _ = try await producer.send(
                    KafkaRecord(topic: topic, partition: partition, key: nil, value: [UInt8(partition)]))
            }
            let first = [KafkaOffset(topic: topic, partition: 0, offset: 0)]
            try await withReader(broker.configuration(), from: first) { reader, collector in
                try await eventually { collector.count == 1 }
                #expect(reader.isConnected)
                reader.assign([KafkaOffset(topic: topic, partition: 1, offset: 0)])
                try await eventually { collector.count == 2 }
                _ = try await producer.send(KafkaRecord(topic: topic, partition: 0, key: nil, value: [9]))
                _ = try await producer.send(KafkaRecord(topic: topic, partition: 1, key: nil, value: [8]))
                try await eventually { collector.count == 3 }
                #expect(collector.messages.map(\.value) == [[0], [1], [8]])
            }
        }
    }

    @Test func endOffsetOfAPartitionThatDoesNotExistIsAnError() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withReader(broker.configuration(), from: []) { reader, _ in
            await #expect(throws: KafkaError.self) {
                try await reader.endOffsets([KafkaPartition(topic: topic, partition: 5)], within: .seconds(3))
            }
        }
    }

    @Test(.enabled(if: !TestBroker.isReal))
    func readerGoesOnAfterTheBrokerWasAway() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let start = [KafkaOffset(topic: topic, partition: 0, offset: 0)]
        try await withReader(broker.configuration(), from: start) { reader, collector in
            try await eventually { reader.isConnected }
            broker.embedded?.takeDown()
            try await eventually { !reader.isConnected }
            broker.embedded?.bringUp()
            try await eventually { reader.isConnected }
            try await withProducer(broker.configuration()) { producer in
                _ = try await producer.send(KafkaRecord(topic: topic, partition: 0, key: nil, value: [1]))
            }
            try await eventually { collector.count == 1 }
        }
    }

    @Test func partitionCountsNeitherInventNorCreateTopics() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 5)
        let missing = TestBroker.uniqueName("missing")
        for _ in 0..<2 {
            let counts = try await KafkaAdministration.partitionCounts(
                topics: [topic, missing], configuration: broker.configuration(), within: .seconds(10))
            #expect(counts == [topic: 5])
        }
    }

    @Test func administrationOfAnUnreachableClusterEndsInTime() async throws {
        let configuration = KafkaConfiguration(bootstrapServers: "127.0.0.1:1", clientID: "unreachable")
        let start = ContinuousClock.now
        await #expect(throws: KafkaError.self) {
            try await KafkaAdministration.partitionCounts(
                topics: ["any"], configuration: configuration, within: .seconds(1))
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test(.enabled(if: TestBroker.isReal))
    func topicsAreCreatedOnceWithTheirSettings() async throws {
        let broker = try TestBroker()
        let topic = KafkaTopicSpecification(
            name: TestBroker.uniqueName("settings"), partitions: 3, settings: ["cleanup.policy": "compact"])
        for outcome in [KafkaTopicOutcome.created, .existed] {
            let outcomes = try await KafkaAdministration.createTopics(
                [topic], configuration: broker.configuration(), within: .seconds(10))
            #expect(outcomes == [topic.name: outcome])
        }
        let settings = try await KafkaAdministration.topicSettings(
            topics: [topic.name], configuration: broker.configuration(), within: .seconds(10))
        #expect(settings[topic.name]?["cleanup.policy"] == "compact")
    }
}
