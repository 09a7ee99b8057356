import CRdKafka

/// A record where librdkafka has it, without a copy.
///
/// Valid only during the call that it was handed to: keep ``copied()`` instead. Every field is data from outside:
/// nothing in it was checked.
public struct KafkaRecordView {
    private let message: UnsafeMutablePointer<rd_kafka_message_t>

    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) { self.message = message }

    /// Its place in the partition.
    public var offset: Int64 { message.pointee.offset }

    /// When it was created or appended, in milliseconds since 1970, where the broker says.
    public var timestampMilliseconds: Int64? {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &type)
        return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : timestamp
    }

    /// The key, or nil for none.
    public var key: UnsafeRawBufferPointer? {
        Self.bytes(message.pointee.key, message.pointee.key_len)
    }

    /// The value, or nil for a tombstone.
    public var value: UnsafeRawBufferPointer? {
        Self.bytes(message.pointee.payload, message.pointee.len)
    }

    /// The value of the last header of that name; nil when there is none or it has no value.
    public func header(_ name: StaticString) -> UnsafeRawBufferPointer? {
        var list: OpaquePointer?
        guard name.hasPointerRepresentation,
            rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list
        else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        // A static text ends with a zero byte.
        let found = UnsafeRawPointer(name.utf8Start).withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount)
        { rd_kafka_header_get_last(list, $0, &value, &size) }
        guard found == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return Self.bytes(value, size)
    }

    /// The whole record, to be kept.
    public func copied() -> KafkaMessage {
        var decoder = KafkaMessageDecoder()
        return decoder.decode(message)
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> UnsafeRawBufferPointer? {
        start.map { UnsafeRawBufferPointer(start: $0, count: Swift.max(0, count)) }
    }

    private static func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeRawBufferPointer? {
        bytes(UnsafeRawPointer(start), count)
    }
}

/// Records of one partition, in order, without copies.
///
/// Valid only during the call that it was handed to, like the records.
public struct KafkaRecordBatch: RandomAccessCollection {
    private let messages: UnsafeBufferPointer<UnsafeMutablePointer<rd_kafka_message_t>>

    init(_ messages: UnsafeBufferPointer<UnsafeMutablePointer<rd_kafka_message_t>>) { self.messages = messages }

    /// Place of the first record.
    public var startIndex: Int { 0 }
    /// Place behind the last record.
    public var endIndex: Int { messages.count }

    /// The record at a place.
    public subscript(position: Int) -> KafkaRecordView { KafkaRecordView(messages[position]) }
}
