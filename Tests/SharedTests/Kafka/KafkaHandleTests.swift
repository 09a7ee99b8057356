import CRdKafka
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1)))
struct KafkaHandleTests {
    /// As librdkafka does itself at times: something keeps a reference to a partition.
    @Test func aClientThatDoesNotComeToAnEndIsLeftBehind() async throws {
        let broker = try TestBroker()
        let topic = try await broker.makeTopic()
        let configuration = broker.configuration()
        try await withProducer(configuration) { producer in
            _ = try await producer.send(KafkaRecord(topic: topic, partition: 0, key: nil, value: [0]))
        }
        let handle = try KafkaHandle(
            .consumer, settings: try configuration.settings(adding: configuration.readerSettings()),
            events: RD_KAFKA_EVENT_ERROR)
        let freed = try await KafkaThread.run("pgm-test") { () -> Result<[Bool], KafkaError> in
            guard let queue = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle),
                let active = ActivePartition(KafkaOffset(topic: topic, partition: 0, offset: 0), handle, queue),
                let message = Self.message(in: queue)
            else { return .failure(KafkaError(code: .timedOut)) }
            active.stop()
            let isFreed = handle.destroy(within: .milliseconds(300))
            rd_kafka_event_destroy(message)
            return .success([isFreed, handle.destroy()])
        }
        #expect(freed == [false, true])
    }

    private static func message(in queue: KafkaQueue) -> OpaquePointer? {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            guard let event = queue.poll(for: .milliseconds(200)) else { continue }
            if rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH { return event }
            rd_kafka_event_destroy(event)
        }
        return nil
    }
}
