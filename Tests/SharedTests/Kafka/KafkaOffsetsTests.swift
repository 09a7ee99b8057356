import Logging
import Testing

@testable import Shared

@Suite(.serialized, .timeLimit(.minutes(1)))
struct KafkaOffsetsTests {
    private func fill(_ partitions: [KafkaPartition], _ producer: KafkaProducer) async throws {
        for partition in partitions {
            for _ in 0..<partition.partition {
                _ = try await producer.send(
                    KafkaRecord(topic: partition.topic, partition: partition.partition, key: nil, value: [1]))
            }
        }
    }

    @Test func allPartitionsAreAskedForInOneRequestAndNothingIsFetched() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 12)
        let partitions = (Int32(0)..<12).map { KafkaPartition(topic: topic, partition: $0) }
        let requests = RequestLog()
        let offsets = KafkaOffsets(
            configuration: broker.configuration(properties: RequestLog.properties), logger: requests.logger)
        defer { offsets.close() }
        try await withProducer(broker.configuration()) { producer in
            try await fill(partitions, producer)
            let ends = try await offsets.ends(of: partitions, within: .seconds(10))
            #expect(ends == Dictionary(uniqueKeysWithValues: partitions.map { ($0, Int64($0.partition)) }))
            #expect(requests.count("ListOffsets") == 1)
            let bounds = try await offsets.bounds(of: partitions, within: .seconds(10))
            #expect(bounds == Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0..<Int64($0.partition)) }))
            #expect(requests.count("ListOffsets") == 3)
            #expect(try await offsets.starts(of: partitions, within: .seconds(10)).values.allSatisfy { $0 == 0 })
            #expect(requests.count("ListOffsets") == 4)
        }
        #expect(requests.count("Fetch") == 0)
        #expect(try await offsets.bounds(of: [], within: .seconds(1)) == [:])
    }

    @Test(.enabled(if: !TestBroker.isReal))
    func aLeaderThatDoesNotKnowItYetIsAskedAgain() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let offsets = KafkaOffsets(configuration: broker.configuration(), logger: TestBroker.logger)
        defer { offsets.close() }
        let partition = KafkaPartition(topic: topic, partition: 0)
        broker.embedded?.refuseOnce(.offsetsByNoLeader)
        #expect(try await offsets.ends(of: [partition], within: .seconds(10)) == [partition: 0])
    }

    @Test func whatDoesNotExistIsAnErrorInTime() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let offsets = KafkaOffsets(configuration: broker.configuration(), logger: TestBroker.logger)
        defer { offsets.close() }
        let (known, unknown) = (KafkaPartition(topic: topic, partition: 0), KafkaPartition(topic: topic, partition: 7))
        await #expect(throws: KafkaError.self) {
            try await offsets.ends(of: [known, unknown], within: .seconds(1))
        }
        #expect(try await offsets.ends(of: [known], within: .seconds(10)) == [known: 0])
    }

    @Test func aClosedClientAnswersNothingAndOneForNobodyEndsInTime() async throws {
        let configuration = KafkaConfiguration(bootstrapServers: "127.0.0.1:1", clientID: "unreachable")
        let offsets = KafkaOffsets(configuration: configuration, logger: TestBroker.logger)
        let partition = KafkaPartition(topic: "any", partition: 0)
        await #expect(throws: KafkaError.self) { try await offsets.ends(of: [partition], within: .milliseconds(300)) }
        offsets.close()
        let error = await #expect(throws: KafkaError.self) {
            try await offsets.ends(of: [partition], within: .seconds(60))
        }
        #expect(error?.code == .closed)
    }
}
