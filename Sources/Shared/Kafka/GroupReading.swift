import CRdKafka
import Logging
import Metrics
import Synchronization

/// What the thread of a group's consumer keeps from one batch of messages to the next.
struct GroupReading {
    var decoder = KafkaMessageDecoder()
    /// Whose turn is first: a topic that always has messages must not keep others waiting.
    var turn = 0
}

/// How a group's consumer delivers messages.
extension KafkaGroupConsumer {
    /// The most messages that are delivered at once.
    static let maximumBatchMessages = 256
    /// How long the question may take whether records that were expected are still there.
    static let startLimit: Duration = .seconds(2)

    private struct Labels: Hashable, Sendable {
        let group: String
        let topic: String
    }

    private static let repositions = CounterFamily<Labels>(MetricName.kafkaRepositioned) {
        [("group", $0.group), ("topic", $0.topic)]
    }

    /// Shows that nothing was repositioned yet of topics that this process begins to read.
    func showRepositions(of partitions: [KafkaPartition]) {
        for topic in Set(partitions.map(\.topic)) {
            Self.repositions.increment(Labels(group: group, topic: topic), by: 0)
        }
    }

    /// Delivers a batch of each topic that is not paused; false when there was nothing.
    func deliverMessages(_ reading: inout GroupReading) -> Bool {
        let readable = state.withLock { $0.assignment.readable }
        reading.turn &+= 1
        var hasDelivered = false
        for index in readable.indices {
            let queue = readable[(index + reading.turn) % readable.count].queue
            let batch = nextBatch(from: queue, &reading.decoder)
            guard !batch.isEmpty else { continue }
            hasDelivered = true
            deliver(batch[...])
        }
        return hasDelivered
    }

    private func nextBatch(from queue: KafkaQueue, _ decoder: inout KafkaMessageDecoder) -> [KafkaMessage] {
        var batch: [KafkaMessage] = []
        while batch.count < Self.maximumBatchMessages, let event = queue.poll(for: .zero) {
            append(event, to: &batch, &decoder)
        }
        return batch
    }

    private func append(_ event: OpaquePointer, to batch: inout [KafkaMessage], _ decoder: inout KafkaMessageDecoder) {
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_FETCH:
            while let message = rd_kafka_event_message_next(event) {
                guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    note(message.pointee.err, isFatal: false)
                    continue
                }
                batch.append(decoder.decode(message))
            }
        case RD_KAFKA_EVENT_ERROR:
            note(rd_kafka_event_error(event), isFatal: rd_kafka_event_error_is_fatal(event) != 0)
        default:
            break
        }
    }

    /// Delivers a message that arrived with the rebalances.
    func deliverStray(_ event: OpaquePointer) {
        var decoder = KafkaMessageDecoder()
        while let message = rd_kafka_event_message_next(event) {
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            deliver([decoder.decode(message)])
        }
    }

    private func deliver(_ batch: ArraySlice<KafkaMessage>) {
        var rest = batch
        while !rest.isEmpty {
            let (admission, handler) = state.withLock { state in
                state.assignment.isConnected = true
                return (state.assignment.admit(rest), state.handler)
            }
            if !admission.admitted.isEmpty { handler?.received(admission.admitted) }
            rest = rest.dropFirst(admission.count)
            guard let expected = admission.expected, let first = rest.first else { return }
            move(first, from: expected)
        }
    }

    /// A message is not the one that was expected: the position was outside of the log, or nothing was there.
    private func move(_ message: KafkaMessage, from expected: Int64) {
        let partition = message.topicPartition
        let isOutside = message.offset < expected || logStart(of: partition) ?? .max > expected
        if isOutside {
            Self.repositions.increment(Labels(group: group, topic: partition.topic))
            logger.error(
                "kafka position outside of the log, reading on from its start",
                metadata: [
                    "kafka.topic": "\(partition.topic)", "kafka.partition": "\(partition.partition)",
                    "kafka.offset": "\(expected)",
                ])
            state.withLock { $0.handler }?.repositioned(partition)
        }
        state.withLock { $0.assignment.expect(message.offset, of: partition) }
    }

    /// The first offset of a partition; nil when nobody says.
    private func logStart(of partition: KafkaPartition) -> Int64? {
        let question = OffsetQuestion(partitions: [partition], place: .start, deadline: .now + Self.startLimit)
        guard case .success(let starts) = question.ask(handle.pointer) else { return nil }
        return starts[partition]
    }
}
