import Logging
import Synchronization
import Testing

@testable import Shared

@Suite(.serialized, .timeLimit(.minutes(2)))
struct KafkaLogReaderTests {
    /// Runs a reader for the length of the body.
    private func withLogReader(
        _ configuration: KafkaConfiguration, _ handler: any KafkaLogHandler, logger: Logger = TestBroker.logger,
        _ body: (KafkaLogReader) async throws -> Void
    ) async throws {
        let reader = try KafkaLogReader(configuration: configuration, logger: logger, handler: handler)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            defer { reader.close() }
            try await body(reader)
        }
    }

    private func fill(
        _ partition: KafkaPartition, _ values: Range<Int>, _ producer: KafkaProducer, size: Int = 1
    ) async throws {
        var begun: [SentRecord] = []
        for value in values {
            if begun.count >= 500 { _ = try await begun.removeFirst().end() }
            let record = KafkaRecord(
                topic: partition.topic, partition: partition.partition, key: Array("\(value)".utf8),
                value: [UInt8](repeating: 7, count: size),
                headers: [KafkaHeader(name: "other", text: "x"), KafkaHeader(name: "mark", text: "m\(value)")])
            // In this order, so that a value is its offset.
            begun.append(producer.begin(record))
        }
        for sent in begun { _ = try await sent.end() }
    }

    @Test func rangesOfManyPartitionsAreDeliveredUpToTheirEnd() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 3)
        let partitions = (Int32(0)..<3).map { KafkaPartition(topic: topic, partition: $0) }
        let handler = RecordingLogHandler()
        try await withProducer(broker.configuration()) { producer in
            for partition in partitions { try await fill(partition, 0..<100, producer) }
        }
        try await withLogReader(broker.configuration(), handler) { reader in
            reader.read(partitions[0], from: 0, upTo: 100)
            reader.read(partitions[1], from: 40, upTo: 60)
            reader.read(partitions[2], from: 7, upTo: 7)
            try await eventually { handler.reached.count == 3 }
            #expect(handler.offsets(of: partitions[0]) == Array(0..<100))
            #expect(handler.offsets(of: partitions[1]) == Array(40..<60))
            #expect(handler.offsets(of: partitions[2]) == [])
            #expect(Set(handler.reached.map(\.offset)) == [100, 60, 7])
            #expect(reader.isConnected)
            // Where the last one ended.
            reader.read(partitions[1], from: 60, upTo: 100)
            try await eventually { handler.reached.count == 4 }
            #expect(handler.offsets(of: partitions[1]) == Array(40..<100))
        }
        let first = try #require(handler.state.messages.first)
        #expect(first.headers.map(\.name) == ["other", "mark"])
        #expect(handler.lost == [])
    }

    @Test func recordsOfAnyShapeCanBeLookedAt() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let partition = KafkaPartition(topic: topic, partition: 0)
        let noText: [UInt8] = [0xff, 0, 0x80]
        let shapes: [(key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader])] = [
            (nil, nil, []), ([], [], [KafkaHeader(name: "mark", value: nil)]),
            (noText, noText, [KafkaHeader(name: "mark", value: noText), KafkaHeader(name: "mark", value: [])]),
        ]
        try await withProducer(broker.configuration()) { producer in
            for shape in shapes {
                _ = try await producer.send(
                    KafkaRecord(topic: topic, partition: 0, key: shape.key, value: shape.value, headers: shape.headers))
            }
        }
        let seen = SeenRecords()
        try await withLogReader(broker.configuration(), seen) { reader in
            reader.read(partition, from: 0, upTo: 3)
            try await eventually { seen.records.withLock { $0.count } == 3 }
        }
        #expect(seen.records.withLock { $0.map(\.key) } == shapes.map(\.key))
        #expect(seen.records.withLock { $0.map(\.value) } == shapes.map(\.value))
        #expect(seen.records.withLock { $0.map(\.mark) } == [nil, nil, []])
        #expect(seen.records.withLock { $0.allSatisfy { $0.timestamp != nil } })
    }

    @Test func aRangeThatReplacesAnotherIsTheOnlyOneThatIsReached() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let partition = KafkaPartition(topic: topic, partition: 0)
        let handler = RecordingLogHandler()
        try await withProducer(broker.configuration()) { producer in
            try await fill(partition, 0..<50, producer)
            try await withLogReader(broker.configuration(), handler) { reader in
                // Cannot be reached before more is written.
                reader.read(partition, from: 10, upTo: 60)
                try await eventually { handler.offsets(of: partition).last == 49 }
                reader.read(partition, from: 5, upTo: 8)
                try await eventually { handler.reached.count == 1 }
                #expect(handler.offsets(of: partition).suffix(3) == [5, 6, 7])
                // A range whose end is still to be written is waited for.
                reader.read(partition, from: 48, upTo: 51)
                try await fill(partition, 50..<60, producer)
                try await eventually { handler.reached.count == 2 }
                #expect(handler.offsets(of: partition).suffix(3) == [48, 49, 50])
                #expect(handler.reached.map(\.offset) == [8, 51])
            }
        }
        #expect(handler.lost == [])
    }

    @Test func aRangeOutsideOfTheLogIsReported() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 2)
        let partitions = (Int32(0)..<2).map { KafkaPartition(topic: topic, partition: $0) }
        let handler = RecordingLogHandler()
        try await withProducer(broker.configuration()) { producer in
            for partition in partitions { try await fill(partition, 0..<10, producer) }
            try await withLogReader(broker.configuration(), handler) { reader in
                // Begins behind the end.
                reader.read(partitions[0], from: 500, upTo: 600)
                // Ends behind it.
                reader.read(partitions[1], from: 5, upTo: 20)
                try await eventually { Set(handler.lost) == Set(partitions) }
                #expect(handler.offsets(of: partitions[0]) == [])
                #expect(handler.offsets(of: partitions[1]) == Array(5..<10))
                #expect(handler.reached == [])
                // And can be read all the same.
                reader.read(partitions[0], from: 0, upTo: 10)
                try await eventually { handler.reached.count == 1 }
                #expect(handler.offsets(of: partitions[0]) == Array(0..<10))
            }
        }
        #expect(handler.lost.count == 2)
    }

    @Test func singleRecordsAreFoundByTheirOffset() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 2)
        let partitions = (Int32(0)..<2).map { KafkaPartition(topic: topic, partition: $0) }
        let handler = RecordingLogHandler()
        try await withProducer(broker.configuration()) { producer in
            for partition in partitions { try await fill(partition, 0..<200, producer) }
        }
        try await withLogReader(broker.configuration(), handler) { reader in
            reader.read(partitions[0], from: 0, upTo: 200)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<60 {
                    let place = KafkaOffset(partition: partitions[index % 2], offset: Int64(index * 3))
                    group.addTask {
                        let found = try await reader.record(at: place, within: .seconds(20))
                        #expect(found?.offset == place.offset)
                        #expect(found?.topicPartition == place.partition)
                        #expect(found?.key == Array("\(place.offset)".utf8))
                        #expect(found?.header("mark") == Array("m\(place.offset)".utf8))
                    }
                }
                try await group.waitForAll()
            }
            try await eventually { handler.reached.count == 1 }
            #expect(handler.offsets(of: partitions[0]) == Array(0..<200))
            for offset in [Int64(200), 5_000, -1] {
                let place = KafkaOffset(partition: partitions[1], offset: offset)
                #expect(try await reader.record(at: place, within: .seconds(10)) == nil)
            }
        }
        #expect(handler.lost == [])
    }

    @Test func whoWaitsForARecordIsToldWhenItTakesTooLongOrTheReaderCloses() async throws {
        let configuration = KafkaConfiguration(bootstrapServers: "127.0.0.1:1", clientID: "unreachable")
        let place = KafkaOffset(topic: "any", partition: 0, offset: 1)
        let reader = try KafkaLogReader(
            configuration: configuration, logger: TestBroker.logger, handler: RecordingLogHandler())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            let late = await #expect(throws: KafkaError.self) {
                try await reader.record(at: place, within: .milliseconds(200))
            }
            #expect(late?.code == .timedOut)
            group.addTask {
                let closed = await #expect(throws: KafkaError.self) {
                    try await reader.record(at: place, within: .seconds(100))
                }
                #expect(closed?.code == .closed)
            }
            reader.close()
        }
        let after = await #expect(throws: KafkaError.self) { try await reader.record(at: place, within: .seconds(100)) }
        #expect(after?.code == .closed)
    }

    @Test func aReaderWithoutRangesFetchesNothing() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let partition = KafkaPartition(topic: topic, partition: 0)
        let handler = RecordingLogHandler()
        let requests = RequestLog()
        let configuration = broker.configuration(properties: RequestLog.properties)
        try await withProducer(broker.configuration()) { producer in
            try await fill(partition, 0..<10, producer)
            try await withLogReader(configuration, handler, logger: requests.logger) { reader in
                try await eventually { reader.isConnected }
                reader.read(partition, from: 0, upTo: 10)
                try await eventually { handler.reached.count == 1 }
                // The one that was under way may still be written down; then there is none for much longer than any
                // fetch takes, whatever is written.
                try await settled { requests.count("Fetch") }
                let fetches = requests.count("Fetch")
                #expect(fetches > 0)
                try await fill(partition, 10..<300, producer)
                #expect(requests.count("Fetch") == fetches)
                #expect(
                    try await reader.record(at: KafkaOffset(partition: partition, offset: 200), within: .seconds(5))
                        != nil)
                try await eventually { requests.count("Fetch") > fetches }
            }
        }
    }

    @Test func manyRecordsAreReadFast() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic(partitions: 4)
        let partitions = (Int32(0)..<4).map { KafkaPartition(topic: topic, partition: $0) }
        let handler = RecordingLogHandler(keepsMessages: false)
        let count = 3_000
        try await withProducer(broker.configuration()) { producer in
            for partition in partitions { try await fill(partition, 0..<count, producer, size: 1_000) }
        }
        try await withLogReader(broker.configuration(), handler) { reader in
            let start = ContinuousClock.now
            for partition in partitions { reader.read(partition, from: 0, upTo: Int64(count)) }
            try await eventually(within: .seconds(30)) { handler.reached.count == 4 }
            TestBroker.logger.debug("measured", metadata: ["read": "\(ContinuousClock.now - start)"])
        }
        #expect(handler.count == 4 * count)
        #expect(handler.state.bytes > 4 * count * 1_000)
    }
}

/// Keeps the parts of records as they were seen.
private final class SeenRecords: KafkaLogHandler {
    struct Seen: Sendable {
        var key: [UInt8]?
        var value: [UInt8]?
        var mark: [UInt8]?
        var timestamp: Int64?
    }

    let records = Mutex<[Seen]>([])

    func received(_ batch: KafkaRecordBatch, of partition: KafkaPartition) {
        let seen = batch.map { record in
            Seen(
                key: record.key.map(Array.init), value: record.value.map(Array.init),
                mark: record.header("mark").map(Array.init), timestamp: record.timestampMilliseconds)
        }
        records.withLock { $0 += seen }
    }

    func reached(_ partition: KafkaPartition, _ offset: Int64) {}
    func outOfLog(_ partition: KafkaPartition) {}
}
