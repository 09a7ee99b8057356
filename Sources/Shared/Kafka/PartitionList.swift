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

    /// The offsets of a list that are numbers of a log and belong to no error.
    static func offsets(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [KafkaOffset] {
        guard let list, let elements = list.pointee.elems else { return [] }
        return (0..<max(0, Int(list.pointee.cnt))).compactMap { index in
            let element = elements[index]
            guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR, element.offset >= 0 else { return nil }
            return element.topic.map {
                KafkaOffset(topic: String(cString: $0), partition: element.partition, offset: element.offset)
            }
        }
    }

    /// Whether the answer for some partition of a list is an error.
    static func hasErrors(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Bool {
        guard let list, let elements = list.pointee.elems else { return false }
        return (0..<max(0, Int(list.pointee.cnt))).contains { elements[$0].err != RD_KAFKA_RESP_ERR_NO_ERROR }
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
