import CRdKafka
import Logging

/// What a ``KafkaLogReader`` does on its thread: which partitions are read, and what becomes of what arrives.
///
/// Not shared.
struct LogReaderThread {
    /// The most records that are delivered at once.
    static let maximumBatchRecords = 1_000
    /// How long a log may end before a range does: a new leader may learn late what its followers have.
    static let shortLogLimit: Duration = .seconds(1)
    /// Records in the queue above which their decrease is watched.
    static let watchedQueueLength = 4_000
    /// How long a question that only wakes librdkafka may take.
    static let nudgeLimit: Duration = .milliseconds(100)

    private typealias Message = UnsafeMutablePointer<rd_kafka_message_t>

    let handle: KafkaHandle
    let queue: KafkaQueue
    let handler: any KafkaLogHandler
    let logger: Logger
    private var topics: [String: OpaquePointer] = [:]
    private var names: [OpaquePointer: String] = [:]
    private var partitions: [KafkaPartition: LogPartition] = [:]
    /// Partitions of which something else is to be read now.
    private var changed: Set<KafkaPartition> = []
    private var decoder = KafkaMessageDecoder()
    private var longestQueue = 0

    init(handle: KafkaHandle, queue: KafkaQueue, handler: any KafkaLogHandler, logger: Logger) {
        self.handle = handle
        self.queue = queue
        self.handler = handler
        self.logger = logger
    }

    // MARK: - What is wanted

    /// Takes a range in place of the one before.
    mutating func read(_ partition: KafkaPartition, from offset: Int64, upTo end: Int64) {
        handler.began(partition, offset)
        guard offset < end else {
            if partitions[partition]?.reading == .range { stop(partition) }
            partitions[partition]?.endRange()
            changed.insert(partition)
            return handler.reached(partition, end)
        }
        if partitions[partition, default: LogPartition()].read(offset..<end) { stop(partition) }
        changed.insert(partition)
    }

    /// Takes a look-up.
    mutating func lookUp(_ partition: KafkaPartition, _ lookUp: LogPartition.LookUp) {
        if partitions[partition, default: LogPartition()].lookUp(lookUp) { stop(partition) }
        changed.insert(partition)
    }

    /// Begins to read what is wanted of each partition that is not read.
    mutating func apply() {
        for partition in changed {
            guard let state = partitions[partition], state.reading == nil else { continue }
            guard let wanted = state.wanted else {
                partitions[partition] = nil
                continue
            }
            guard start(partition, at: wanted.from) else {
                fail(partition)
                continue
            }
            partitions[partition]?.begun(wanted.reading, at: wanted.from)
        }
        changed.removeAll(keepingCapacity: true)
    }

    private mutating func start(_ partition: KafkaPartition, at offset: Int64) -> Bool {
        // Negative offsets mean "beginning", "end" and the like to librdkafka.
        guard offset >= 0, partition.partition >= 0, let topic = topic(partition.topic) else { return false }
        return rd_kafka_consume_start_queue(topic, partition.partition, offset, queue.pointer) == 0
    }

    /// A topic is kept once it was read: librdkafka would have to ask anew who leads its partitions.
    private mutating func topic(_ name: String) -> OpaquePointer? {
        if let known = topics[name] { return known }
        guard !name.isEmpty, let topic = rd_kafka_topic_new(handle.pointer, name, nil) else { return nil }
        topics[name] = topic
        return topic
    }

    private mutating func stop(_ partition: KafkaPartition) {
        guard partitions[partition]?.reading != nil else { return }
        if let topic = topics[partition.topic] { rd_kafka_consume_stop(topic, partition.partition) }
        partitions[partition]?.stopped()
        changed.insert(partition)
    }

    private mutating func fail(_ partition: KafkaPartition) {
        logger.error(
            "kafka partition cannot be read",
            metadata: ["kafka.topic": "\(partition.topic)", "kafka.partition": "\(partition.partition)"])
        for lookUp in partitions[partition]?.expireLookUps(at: nil) ?? [] {
            lookUp.report(.failure(KafkaError(code: .unknownTopicOrPartition)))
        }
        let hadRange = partitions[partition]?.range != nil
        partitions[partition] = nil
        if hadRange { handler.outOfLog(partition) }
    }

    // MARK: - Time

    /// Ends what has waited too long.
    mutating func expire(at now: ContinuousClock.Instant) {
        for partition in Array(partitions.keys) {
            let isRead = partitions[partition]?.reading == .lookUp
            let expired = partitions[partition]?.expireLookUps(at: now) ?? []
            // Which one was being read does not matter: what is left is begun again.
            if isRead, !expired.isEmpty { stop(partition) }
            for lookUp in expired { lookUp.report(.failure(KafkaError(code: .timedOut))) }
            if !expired.isEmpty { changed.insert(partition) }
            if let since = partitions[partition]?.shortSince, now - since >= Self.shortLogLimit { giveUp(partition) }
        }
    }

    /// When something has to be ended next.
    var nextDeadline: ContinuousClock.Instant? {
        partitions.values.reduce(nil) { next, state in
            let own = state.lookUps.map(\.deadline) + (state.shortSince.map { [$0 + Self.shortLogLimit] } ?? [])
            return (own + (next.map { [$0] } ?? [])).min()
        }
    }

    /// Ends everything: nothing is read any more, who waits is told.
    mutating func close() {
        for partition in Array(partitions.keys) {
            stop(partition)
            for lookUp in partitions[partition]?.expireLookUps(at: nil) ?? [] {
                lookUp.report(.failure(KafkaError(code: .closed)))
            }
        }
        partitions = [:]
        for topic in topics.values { rd_kafka_topic_destroy(topic) }
        topics = [:]
    }

    // MARK: - What arrives

    /// Waits for records and hands on what is there; true when there were some.
    mutating func deliver(within limit: Duration) -> Bool {
        guard let first = rd_kafka_consume_queue(queue.pointer, limit.clampedMilliseconds) else { return false }
        var found: [UnsafeMutablePointer<rd_kafka_message_t>?] = Array(repeating: nil, count: Self.maximumBatchRecords)
        found[0] = first
        let more = found.withUnsafeMutableBufferPointer { buffer -> Int in
            guard let start = buffer.baseAddress else { return 0 }
            return rd_kafka_consume_batch_queue(queue.pointer, 0, start + 1, buffer.count - 1)
        }
        let messages = found.prefix(1 + max(0, more)).compactMap(\.self)
        defer { for message in messages { rd_kafka_message_destroy(message) } }
        messages.withUnsafeBufferPointer { hand($0) }
        nudge()
        return true
    }

    private mutating func hand(_ messages: UnsafeBufferPointer<Message>) {
        var index = 0
        while index < messages.count {
            let fields = messages[index].pointee
            guard fields.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                note(fields)
                index += 1
                continue
            }
            var end = index + 1
            while end < messages.count, messages[end].pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR,
                messages[end].pointee.rkt == fields.rkt, messages[end].pointee.partition == fields.partition
            { end += 1 }
            if let partition = partition(of: fields) {
                hand(UnsafeBufferPointer(rebasing: messages[index..<end]), of: partition)
            }
            index = end
        }
    }

    private mutating func hand(_ run: UnsafeBufferPointer<Message>, of partition: KafkaPartition) {
        let use = partitions[partition]?.received(count: run.count) { run[$0].pointee.offset } ?? .none
        switch use {
        case .none: break
        case .lookUp(let index):
            endLookUp(partition, .success(index.map { decoder.decode(run[$0]) }))
        case .range(let part, let isComplete):
            let end = partitions[partition]?.range?.upperBound ?? 0
            if !part.isEmpty {
                handler.received(KafkaRecordBatch(UnsafeBufferPointer(rebasing: run[part])), of: partition)
            }
            if isComplete { complete(partition, end) }
        }
    }

    private mutating func endLookUp(_ partition: KafkaPartition, _ result: Result<KafkaMessage?, KafkaError>) {
        // First of all the answer, and before it nothing that takes time.
        partitions[partition]?.endLookUp()?.report(result)
        stop(partition)
    }

    private mutating func complete(_ partition: KafkaPartition, _ end: Int64) {
        stop(partition)
        partitions[partition]?.endRange()
        handler.reached(partition, end)
    }

    private mutating func giveUp(_ partition: KafkaPartition) {
        stop(partition)
        partitions[partition]?.endRange()
        handler.outOfLog(partition)
    }

    private mutating func partition(of fields: rd_kafka_message_t) -> KafkaPartition? {
        guard let topic = fields.rkt else { return nil }
        if let name = names[topic] { return KafkaPartition(topic: name, partition: fields.partition) }
        guard let text = rd_kafka_topic_name(topic) else { return nil }
        let name = String(cString: text)
        // Topics are kept, so that their addresses stay theirs.
        if topics[name] != nil { names[topic] = name }
        return KafkaPartition(topic: name, partition: fields.partition)
    }

    private mutating func note(_ fields: rd_kafka_message_t) {
        guard let partition = partition(of: fields), let state = partitions[partition] else { return }
        switch fields.err {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            let end = state.range?.upperBound ?? 0
            switch partitions[partition]?.ended(at: fields.offset, now: .now) {
            case .complete: complete(partition, end)
            case .noRecord: endLookUp(partition, .success(nil))
            case .short, .nothing, nil: break
            }
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            guard let reading = state.reading else { return }
            // One of an earlier position has ended the reading of this one, too.
            guard fields.offset >= state.position else { return stop(partition) }
            if reading == .lookUp { endLookUp(partition, .success(nil)) } else { giveUp(partition) }
        default:
            logger.warning("kafka log reader error", metadata: ["kafka.code": "\(fields.err.rawValue)"])
        }
    }

    /// Lets librdkafka fetch on when its queue was full and is half empty: it would look again only after up to a
    /// second, so it is woken by a question to the brokers that lead what is read.
    private mutating func nudge() {
        let length = rd_kafka_queue_length(queue.pointer)
        longestQueue = max(longestQueue, length)
        guard longestQueue >= Self.watchedQueueLength, length < longestQueue / 2 else { return }
        longestQueue = length
        let read = partitions.filter { $0.value.reading != nil }.map(\.key)
        guard !read.isEmpty else { return }
        _ = OffsetQuestion(partitions: read, place: .end, deadline: .now + Self.nudgeLimit).ask(handle.pointer) { _ in
            true
        }
    }
}
