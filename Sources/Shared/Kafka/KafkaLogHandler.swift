/// What a ``KafkaLogReader`` tells of the partitions that it reads.
///
/// Everything is called on the reader's one thread, which waits meanwhile.
public protocol KafkaLogHandler: AnyObject, Sendable {
    /// A range is taken up, in place of the one before: what comes from here on is of it.
    func began(_ partition: KafkaPartition, _ offset: Int64)

    /// Records of a range, in order; they can be looked at until this returns.
    func received(_ batch: KafkaRecordBatch, of partition: KafkaPartition)

    /// Everything below the offset was delivered; the partition is not read any more.
    func reached(_ partition: KafkaPartition, _ offset: Int64)

    /// The range lies outside of the log: its records were deleted, or the log's end moved back. The partition is not
    /// read any more.
    func outOfLog(_ partition: KafkaPartition)
}

extension KafkaLogHandler {
    /// Takes no note of the beginning.
    public func began(_ partition: KafkaPartition, _ offset: Int64) {}
}
