import CRdKafka

/// Copies librdkafka's messages into values of ours.
///
/// Not shared: each reading thread has its own.
struct KafkaMessageDecoder {
    private var topicBytes: [CChar] = []
    private var topic = ""

    /// A copy of a message without an error.
    ///
    /// Nothing in a message can make this fail.
    mutating func decode(_ message: UnsafePointer<rd_kafka_message_t>) -> KafkaMessage {
        let fields = message.pointee
        var timestampType = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &timestampType)
        return KafkaMessage(
            topic: topicName(fields.rkt),
            partition: fields.partition,
            offset: fields.offset,
            key: bytes(fields.key, fields.key_len),
            value: bytes(fields.payload, fields.len),
            headers: headers(of: message),
            timestampMilliseconds: timestampType == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : timestamp
        )
    }

    /// Messages come in runs of one topic: comparing bytes is cheaper than making the string again.
    private mutating func topicName(_ handle: OpaquePointer?) -> String {
        guard let handle, let name = rd_kafka_topic_name(handle) else { return "" }
        let isSame = topicBytes.withUnsafeBufferPointer { known in
            var index = 0
            while index < known.count {
                if known[index] != name[index] { return false }
                if name[index] == 0 { return true }
                index += 1
            }
            return false
        }
        if isSame { return topic }
        var length = 0
        while name[length] != 0 { length += 1 }
        topic = String(cString: name)
        topicBytes = Array(UnsafeBufferPointer(start: name, count: length + 1))
        return topic
    }

    private func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        guard let start else { return nil }
        return Array(UnsafeRawBufferPointer(start: start, count: max(0, count)))
    }

    private func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        let count = rd_kafka_header_cnt(list)
        var headers: [KafkaHeader] = []
        headers.reserveCapacity(count)
        for index in 0..<count {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            let error = rd_kafka_header_get_all(list, index, &name, &value, &size)
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let name else { continue }
            let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: max(0, size))) }
            headers.append(KafkaHeader(name: String(cString: name), value: bytes))
        }
        return headers
    }
}
