import Logging
import Synchronization
import Testing

@testable import Shared

@Suite(.serialized, .timeLimit(.minutes(1)))
struct KafkaProducerTests {
    private static let poison: [KafkaRecord] = {
        func record(_ key: [UInt8]?, _ value: [UInt8]?, _ headers: [KafkaHeader]) -> KafkaRecord {
            KafkaRecord(topic: "", partition: 0, key: key, value: value, headers: headers)
        }
        let noText: [UInt8] = [0xff, 0xfe, 0x00, 0x80]
        return [
            record(nil, nil, []),
            record([], [], []),
            record([1], nil, []),
            record(noText, noText, [KafkaHeader(name: "bytes", value: noText)]),
            record(nil, [1], [KafkaHeader(name: "none", value: nil), KafkaHeader(name: "empty", value: [])]),
            record(nil, [2], [KafkaHeader(name: "twice", value: [1]), KafkaHeader(name: "twice", value: [2])]),
            record(nil, [3], [KafkaHeader(name: "", value: [1]), KafkaHeader(name: "größe", value: [2])]),
            record(nil, [UInt8](repeating: 7, count: 900_000), []),
        ]
    }()

    @Test func recordsOfAnyShapeComeBackAsTheyWere() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let sent = Self.poison.map { record in
            var record = record
            record.topic = topic
            return record
        }
        try await withProducer(broker.configuration()) { producer in
            for (index, record) in sent.enumerated() {
                let offset = try await producer.send(record)
                #expect(offset == KafkaOffset(topic: topic, partition: 0, offset: Int64(index)))
            }
        }
        try await withReader(broker.configuration(), from: [KafkaOffset(topic: topic, partition: 0, offset: 0)]) {
            _, collector in
            try await eventually { collector.count >= sent.count }
            #expect(collector.messages.map(\.key) == sent.map(\.key))
            #expect(collector.messages.map(\.value) == sent.map(\.value))
            #expect(collector.messages.map(\.headers) == sent.map(\.headers))
            #expect(collector.messages.map(\.offset) == sent.indices.map { Int64($0) })
            #expect(collector.messages.allSatisfy { $0.topic == topic && $0.timestampMilliseconds != nil })
        }
    }

    @Test func tooLargeRecordIsRefusedAndProvablyNotStored() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withProducer(broker.configuration()) { producer in
            let record = KafkaRecord(
                topic: topic, partition: 0, key: nil, value: [UInt8](repeating: 0, count: 1_100_000))
            let error = await #expect(throws: KafkaSendError.self) { try await producer.send(record) }
            #expect(error?.code == .messageTooLarge)
            #expect(error?.mayBeStored == false)
        }
    }

    @Test(arguments: [Int32(-1), 1, 77, .max])
    func partitionThatDoesNotExistIsRefused(partition: Int32) async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withProducer(broker.configuration(deliveryTimeout: .seconds(5))) { producer in
            _ = try await producer.send(KafkaRecord(topic: topic, partition: 0, key: nil, value: nil))
            let error = await #expect(throws: KafkaSendError.self) {
                try await producer.send(KafkaRecord(topic: topic, partition: partition, key: nil, value: nil))
            }
            #expect(error?.code == .unknownTopicOrPartition)
            #expect(error?.mayBeStored == false)
        }
    }

    @Test func fullQueueRefusesAtOnce() async throws {
        let configuration = KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1", clientID: "full", deliveryTimeout: .seconds(2), maximumPendingRecords: 3)
        try await withProducer(configuration) { producer in
            let codes = await withTaskGroup(of: KafkaSendError.Code?.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        do throws(KafkaSendError) {
                            _ = try await producer.send(
                                KafkaRecord(topic: "full", partition: 0, key: nil, value: nil))
                            return nil
                        } catch {
                            #expect(!error.mayBeStored)
                            return error.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.filter { $0 == .queueFull }.count == 7)
            #expect(codes.filter { $0 == .notPersisted }.count == 3)
        }
    }

    @Test(.enabled(if: !TestBroker.isReal))
    func brokerAwayMeansProvablyNotStoredAndBackMeansWorking() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let record = KafkaRecord(topic: topic, partition: 0, key: nil, value: [1])
        try await withProducer(broker.configuration(deliveryTimeout: .seconds(1))) { producer in
            _ = try await producer.send(record)
            #expect(producer.isHealthy)
            broker.embedded?.takeDown()
            try await eventually { !producer.isHealthy }
            let error = await #expect(throws: KafkaSendError.self) { try await producer.send(record) }
            #expect(error?.code == .notPersisted)
            #expect(error?.mayBeStored == false)
            broker.embedded?.bringUp()
            try await eventually { producer.isHealthy }
            let offset = try await producer.send(record)
            #expect(offset.offset == 1)
        }
    }

    @Test func closeResumesEveryWaitingRecord() async throws {
        let configuration = KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1", clientID: "closing", deliveryTimeout: .seconds(60))
        let producer = try KafkaProducer(configuration: configuration, logger: TestBroker.logger)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    await #expect(throws: KafkaSendError.self) {
                        try await producer.send(KafkaRecord(topic: "closing", partition: 0, key: nil, value: nil))
                    }
                }
            }
            group.addTask {
                try? await eventually { producer.pendingRecords > 0 }
                await producer.close(within: .milliseconds(100))
            }
        }
        #expect(producer.pendingRecords == 0)
        let late = await #expect(throws: KafkaSendError.self) {
            try await producer.send(KafkaRecord(topic: "closing", partition: 0, key: nil, value: nil))
        }
        #expect(late == KafkaSendError(code: .shuttingDown, mayBeStored: false))
    }

    @Test func cancelledSendStillEndsWithItsAcknowledgement() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withProducer(broker.configuration()) { producer in
            let offsets = try await withThrowingTaskGroup(of: KafkaOffset.self) { group in
                for index in 0..<50 {
                    group.addTask {
                        try await producer.send(
                            KafkaRecord(topic: topic, partition: 0, key: nil, value: [UInt8(index)]))
                    }
                }
                group.cancelAll()
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1.offset) }
            }
            #expect(offsets == Set(0..<50))
        }
    }

    private func sent(
        _ record: KafkaRecord, _ producer: KafkaProducer, _ generation: Int
    ) async -> Result<KafkaOffset, KafkaSendError> {
        await withCheckedContinuation { continuation in
            producer.submit(record, generation: generation) { continuation.resume(returning: $0) }
        }
    }

    @Test func fatalErrorTellsTheOwnerAndReplacesTheClient() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let seen = Mutex<[(generation: Int, code: KafkaSendError.Code?)]>([])
        let producer = try KafkaProducer(configuration: broker.configuration(), logger: TestBroker.logger)
        let record = KafkaRecord(topic: topic, partition: 0, key: nil, value: [1])
        for _ in 0..<2 {
            producer.onFailure {
                producer.submit(record) { result in
                    let code: KafkaSendError.Code? = if case .failure(let error) = result { error.code } else { nil }
                    seen.withLock { $0.append((producer.generation, code)) }
                }
            }
        }
        _ = try await producer.send(record)
        #expect(producer.generation == 0)
        producer.failForTest()
        try await eventually { producer.replacements == 1 }
        #expect(seen.withLock { $0.map(\.generation) } == [0, 0])
        #expect(seen.withLock { $0.map(\.code) } == [.fatal, .fatal])
        #expect(producer.generation == 1)
        _ = try await producer.send(record)
        let outcomes = [await sent(record, producer, 0), await sent(record, producer, 1)]
        #expect(outcomes[0] == .failure(KafkaSendError(code: .fatal, mayBeStored: false)))
        #expect(throws: Never.self) { try outcomes[1].get() }
        await producer.close(within: .seconds(2))
        #expect(!producer.isHealthy)
    }

    @Test(.enabled(if: !TestBroker.isReal))
    func aRecordThatIsStoredAtAnUnknownPlaceIsASuccess() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withProducer(broker.configuration()) { producer in
            let record = KafkaRecord(topic: topic, partition: 0, key: nil, value: [1])
            let first = try await producer.send(record)
            #expect(first.offset == 0)
            broker.embedded?.refuseOnce(.duplicateRecord)
            let second = try await producer.send(record)
            #expect(second.offset == -1)
        }
    }

    @Test func passedThroughPropertyReachesTheClient() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        try await withProducer(broker.configuration(properties: ["message.max.bytes": "2000"])) { producer in
            let record = KafkaRecord(topic: topic, partition: 0, key: nil, value: [UInt8](repeating: 0, count: 3_000))
            let error = await #expect(throws: KafkaSendError.self) { try await producer.send(record) }
            #expect(error?.code == .messageTooLarge)
        }
    }

    @Test(arguments: KafkaConfiguration.refusedProperties.sorted())
    func propertyThatWouldBreakAPromiseIsRefused(name: String) {
        let configuration = KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1", clientID: "refused", properties: [name: "1"])
        let error = #expect(throws: KafkaError.self) {
            try KafkaProducer(configuration: configuration, logger: TestBroker.logger)
        }
        #expect(error == KafkaError(code: .refusedProperty, property: name))
    }

    @Test func unknownPropertyIsNamedAndItsValueIsNot() {
        let configuration = KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1", clientID: "unknown", properties: ["sasl.passwort": "hunter2"])
        let error = #expect(throws: KafkaError.self) {
            try KafkaProducer(configuration: configuration, logger: TestBroker.logger)
        }
        #expect(error?.code == .invalidProperty)
        #expect(error?.property == "sasl.passwort")
        #expect(!String(describing: error).contains("hunter2"))
        #expect(!String(describing: configuration).contains("hunter2"))
    }
}
