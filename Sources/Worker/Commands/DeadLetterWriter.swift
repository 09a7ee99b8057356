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
        // A record that fits no dead letter with its content is named by its place, where it stays for its retention.
        for hasContent in [true, false] {
            switch await write(message, hasContent: hasContent, reason: reason) {
            case .stored: return .done
            case .tooLarge: continue
            case .givenUp: return .leftForSuccessor
            }
        }
        return .stopPartition
    }

    private func write(_ message: KafkaMessage, hasContent: Bool, reason: String) async -> StoreOutcome {
        var copy = message
        if !hasContent { (copy.key, copy.value, copy.headers) = (nil, nil, []) }
        let record = try? codec.deadLetter(
            for: copy, reason: hasContent ? reason : reason + " (too large to be copied)",
            partitionCount: partitionCount, atMilliseconds: clock.unixMilliseconds)
        guard let record else { return .tooLarge }
        return await sender.sendUntilStored(record)
    }

    /// Buries poison; a record that a newer process can read stops its partition instead.
    func bury(_ message: KafkaMessage, unreadable error: MessageError) async -> RecordDisposition {
        guard case .malformed(let reason) = error else { return .stopPartition }
        return await bury(message, reason: reason)
    }
}
