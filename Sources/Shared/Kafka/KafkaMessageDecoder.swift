import CRdKafka

/// Copies librdkafka's messages into values of ours.
///
/// Not shared: each reading thread has its own.
struct KafkaMessageDecoder {
    /// Headers that are wanted; all when it is `nil`.
    var wantedHeaders: Set<String>?
    private var topic = KnownText()
    /// Names of the last message's headers: those of the next one are mostly the same, in the same order.
    private var headerNames: [KnownText] = []

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

    /// Messages come in runs of one topic.
    private mutating func topicName(_ handle: OpaquePointer?) -> String {
        guard let handle, let name = rd_kafka_topic_name(handle) else { return "" }
        return topic.text(of: name)
    }

    private mutating func headerName(_ name: UnsafePointer<CChar>, at index: Int) -> String {
        guard index < Self.headerNamesMax else { return String(cString: name) }
        while headerNames.count <= index { headerNames.append(KnownText()) }
        return headerNames[index].text(of: name)
    }

    /// Names that are remembered, whatever a message brings.
    private static let headerNamesMax = 16

    private func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        guard let start else { return nil }
        return Array(UnsafeRawBufferPointer(start: start, count: max(0, count)))
    }

    private mutating func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
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
            let text = headerName(name, at: index)
            if let wantedHeaders, !wantedHeaders.contains(text) { continue }
            let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: max(0, size))) }
            headers.append(KafkaHeader(name: text, value: bytes))
        }
        return headers
    }
}

/// A text that comes again and again: comparing bytes is cheaper than making the string again.
private struct KnownText {
    private var bytes: [CChar] = []
    private var known = ""

    mutating func text(of name: UnsafePointer<CChar>) -> String {
        if isKnown(name) { return known }
        var length = 0
        while name[length] != 0 { length += 1 }
        known = String(cString: name)
        bytes = Array(UnsafeBufferPointer(start: name, count: length + 1))
        return known
    }

    private func isKnown(_ name: UnsafePointer<CChar>) -> Bool {
        for index in bytes.indices {
            if bytes[index] != name[index] { return false }
            if name[index] == 0 { return true }
        }
        return false
    }
}
