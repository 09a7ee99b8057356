import CRdKafka
import Synchronization

/// The message thread of a group's consumer.
extension KafkaGroupConsumer {
    /// The most messages that are delivered at once.
    static let maximumBatchMessages = 256
    /// The longest sleep of either thread without an event.
    static let longestWait: Duration = .seconds(1)

    /// Delivers messages until the consumer ends.
    func read() {
        var decoder = KafkaMessageDecoder()
        while true {
            let (step, idle, turn) = state.withLock { state in
                defer { state.turn = nil }
                return (state.assignment.readStep, state.idle, state.turn)
            }
            turn?.complete()
            switch step {
            case .end:
                return
            case .wait:
                if let event = idle?.poll(for: Self.longestWait) { rd_kafka_event_destroy(event) }
            case .read(let queue, let generation):
                deliver(nextBatch(from: queue, &decoder), generation)
            }
        }
    }

    /// Waits for a first message and takes what else is there.
    private func nextBatch(from queue: KafkaQueue, _ decoder: inout KafkaMessageDecoder) -> [KafkaMessage] {
        guard let first = queue.poll(for: Self.longestWait) else { return [] }
        var batch: [KafkaMessage] = []
        append(first, to: &batch, &decoder)
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

    /// Delivers a message that arrived on the control thread.
    func deliverStray(_ event: OpaquePointer) {
        let generation = state.withLock { $0.assignment.generation }
        var decoder = KafkaMessageDecoder()
        while let message = rd_kafka_event_message_next(event) {
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            deliver([decoder.decode(message)], generation)
        }
    }

    private func deliver(_ batch: [KafkaMessage], _ generation: UInt64) {
        guard !batch.isEmpty else { return }
        delivery.withLock { _ in
            let (admitted, handler) = state.withLock { state in
                state.assignment.isConnected = true
                return (state.assignment.admit(batch, generation: generation), state.handler)
            }
            if !admitted.isEmpty { handler?.received(admitted) }
        }
    }
}
