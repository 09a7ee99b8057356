import CRdKafka

/// Conversions from and to librdkafka's lists of partitions.
enum PartitionList {
    /// The partitions of a list, without those whose topic has no name.
    static func partitions(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [KafkaPartition] {
        guard let list, let elements = list.pointee.elems else { return [] }
        return (0..<max(0, Int(list.pointee.cnt))).compactMap { index in
            elements[index].topic.map {
                KafkaPartition(topic: String(cString: $0), partition: elements[index].partition)
            }
        }
    }

    /// The partitions of a list for which an operation failed.
    static func failedPartitions(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [KafkaPartition] {
        guard let list, let elements = list.pointee.elems else { return [] }
        return (0..<max(0, Int(list.pointee.cnt))).compactMap { index in
            guard elements[index].err != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            return elements[index].topic.map {
                KafkaPartition(topic: String(cString: $0), partition: elements[index].partition)
            }
        }
    }

    /// Lends a list with the given offsets.
    ///
    /// The list is there even when it is empty.
    @discardableResult
    static func with<Result>(
        _ offsets: [KafkaOffset],
        _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Result
    ) -> Result {
        let list = rd_kafka_topic_partition_list_new(Int32(clamping: offsets.count))
        defer { if let list { rd_kafka_topic_partition_list_destroy(list) } }
        for offset in offsets {
            let element = rd_kafka_topic_partition_list_add(list, offset.partition.topic, offset.partition.partition)
            element?.pointee.offset = offset.offset
        }
        return body(list)
    }
}
