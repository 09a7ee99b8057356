public import Logging
public import Shared

/// Writes records that can never be processed to the dead-letter topic, whole and sealed, with the reason in clear.
public struct DeadLetterWriter: Sendable {
    private let codec: MessageCodec
    private let sender: any RecordSender
    private let partitionCount: Int32
    private let clock: WallClock
    private let logger: Logger
    private let buried = CounterFamily<String>(MetricName.deadLetters) { [("topic", $0)] }

    /// Makes a writer for a dead-letter topic of so many partitions.
    public init(
        codec: MessageCodec, sender: any RecordSender, partitionCount: Int32, clock: WallClock, logger: Logger
    ) {
        self.codec = codec
        self.sender = sender
        self.partitionCount = partitionCount
        self.clock = clock
        self.logger = logger
    }

    /// Writes one dead letter; the record is done once that is stored.
    /// - Parameter reason: A text of this program's own, never content of the record.
    func bury(_ message: KafkaMessage, reason: String) async -> RecordDisposition {
        let place: Logger.Metadata = .of([
            .topic: message.topic, .partition: "\(message.partition)", .offset: "\(message.offset)", .reason: reason,
        ])
        logger.error("a record cannot be processed and becomes a dead letter", metadata: place)
        buried.increment(message.topic)
        let now = clock.unixMilliseconds
        guard
            let record = try? codec.deadLetter(
                for: message, reason: reason, partitionCount: partitionCount, atMilliseconds: now)
        else { return .stopPartition }
        return await sender.sendUntilStored(record) ? .done : .leftForSuccessor
    }

    /// Buries poison; a record that a newer process can read stops its partition instead.
    func bury(_ message: KafkaMessage, unreadable error: MessageError) async -> RecordDisposition {
        guard case .malformed(let reason) = error else { return .stopPartition }
        return await bury(message, reason: reason)
    }
}
