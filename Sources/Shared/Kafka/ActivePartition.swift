import CRdKafka

/// One partition that a ``KafkaPartitionReader`` is reading.
///
/// Used on the reader's thread only.
struct ActivePartition {
    private let topic: OpaquePointer
    private let partition: Int32

    /// Starts reading into the queue; nil when librdkafka refuses, or when the offset is not a number of the log's.
    init?(_ offset: KafkaOffset, _ handle: KafkaHandle, _ queue: KafkaQueue) {
        // Negative offsets mean "beginning", "end" and the like to librdkafka.
        guard offset.offset >= 0, offset.partition.partition >= 0 else { return nil }
        guard let topic = rd_kafka_topic_new(handle.pointer, offset.partition.topic, nil) else { return nil }
        let result = rd_kafka_consume_start_queue(topic, offset.partition.partition, offset.offset, queue.pointer)
        guard result == 0 else {
            rd_kafka_topic_destroy(topic)
            return nil
        }
        self.topic = topic
        self.partition = offset.partition.partition
    }

    /// Ends reading; what was read and not delivered is dropped.
    func stop() {
        rd_kafka_consume_stop(topic, partition)
        rd_kafka_topic_destroy(topic)
    }
}
