/// Writes messages as Kafka records and reads them back; the one place that knows the wire form.
///
/// Headers follow the CloudEvents 1.0 Kafka binding in binary mode, values are JSON. What is sensitive is sealed for
/// the message's own id, so a sealed part moved to another message does not open.
public struct MessageCodec: Sendable {
    /// Names of the topics.
    public let topics: TopicNames
    /// Role and instance of the writer, in `ce_source`.
    public let source: String
    let keys: SealingKeyRing

    /// Makes the codec of one process.
    public init(topics: TopicNames, source: String, keys: SealingKeyRing) {
        self.topics = topics
        self.source = source
        self.keys = keys
    }

    /// A command as the record of its provider's topic; the partition follows from the lane.
    /// - Throws: ``JSONError`` or ``SealingError`` when the content cannot be written.
    public func record(for command: Command, partitionCount: Int32) throws -> KafkaRecord {
        let payload = try JSONCoding.encode(command.payload)
        var wire = CommandWire(command, sealed: "")
        wire.sealed = try keys.seal(payload, context: Self.context(.command, command.id.value) + wire.sealedTogether)
        var headers = headers(
            .command, id: command.id.value, subject: command.lane.key, atMilliseconds: command.acceptedAtMilliseconds)
        if let deadline = command.deadlineMilliseconds {
            headers.append(KafkaHeader(name: MessageHeaderName.deadline, text: String(deadline)))
        }
        if let replyTo = command.replyTo {
            headers.append(KafkaHeader(name: MessageHeaderName.replyTo, text: replyTo.text))
        }
        headers += command.trace?.recordHeaders ?? []
        let key = Array(command.lane.key.utf8)
        return KafkaRecord(
            topic: topics.commands(of: command.provider),
            partition: Partitioner.partition(forKey: key, count: partitionCount),
            key: key, value: try JSONCoding.encode(wire), headers: headers)
    }

    /// Reads a command.
    public func command(from message: KafkaMessage) throws(MessageError) -> Command {
        try check(message, is: .command)
        guard let id = message.text(MessageHeaderName.id).flatMap(CommandID.init) else {
            throw .malformed("header ce_id is not a command id")
        }
        let wire = try read(CommandWire.self, from: message.value)
        try checkRanges(of: wire)
        let context = Self.context(.command, id.value) + wire.sealedTogether
        let payload = try read(CommandPayload.self, from: try open(wire.sealed, context: context))
        var command = Command(
            id: id, provider: wire.provider, operation: wire.operation, paymentMethod: wire.paymentMethod,
            reference: PaymentReference(shopTransactionID: wire.shopTransactionID, paymentID: wire.paymentID),
            amount: wire.amount, acceptedAtMilliseconds: wire.acceptedAtMilliseconds, payload: payload)
        command.attempt = wire.attempt
        if let scope = wire.scope {
            guard let claim = IdempotencyClaim(scope: scope, keyHash: wire.idempotencyKeyHash, joins: wire.joins)
            else { throw .malformed("scope or idempotencyKeyHash is not a hash") }
            command.claim = claim
        }
        command.notBeforeMilliseconds = wire.notBeforeMilliseconds
        command.trace = message.traceContext
        if let text = message.text(MessageHeaderName.deadline) {
            guard let deadline = Int64(text), Self.times.contains(deadline) else {
                throw .malformed("header deadline is not a time in milliseconds")
            }
            command.deadlineMilliseconds = deadline
        }
        if let text = message.text(MessageHeaderName.replyTo) {
            guard let replyTo = ReplyAddress(text) else { throw .malformed("header reply-to is not an address") }
            command.replyTo = replyTo
        }
        return command
    }

    /// A reply as the record of the partition that its ingress reads.
    public func record(for reply: Reply, to address: ReplyAddress, atMilliseconds now: Int64) throws -> KafkaRecord {
        let id = reply.commandID.value
        let wire = ReplyWire(reply, sealed: try keys.seal(reply.body, context: Self.context(.reply, id)))
        var headers = headers(.reply, id: id, subject: nil, atMilliseconds: now)
        headers.append(KafkaHeader(name: MessageHeaderName.correlationID, text: id))
        headers.append(KafkaHeader(name: MessageHeaderName.replyTo, text: address.text))
        return KafkaRecord(
            topic: topics.replies, partition: address.partition, key: nil, value: try JSONCoding.encode(wire),
            headers: headers)
    }

    /// The instance and command that a reply is for, from its headers alone.
    public func addressee(of message: KafkaMessage) -> (instance: String, commandID: CommandID)? {
        guard let address = message.text(MessageHeaderName.replyTo).flatMap(ReplyAddress.init) else { return nil }
        guard let id = message.text(MessageHeaderName.correlationID).flatMap(CommandID.init) else { return nil }
        return (address.instance, id)
    }

    /// Reads a reply.
    public func reply(from message: KafkaMessage) throws(MessageError) -> Reply {
        try check(message, is: .reply)
        guard let id = message.text(MessageHeaderName.correlationID).flatMap(CommandID.init) else {
            throw .malformed("header correlation-id is not a command id")
        }
        let wire = try read(ReplyWire.self, from: message.value)
        guard (100...599).contains(wire.statusCode) else { throw .malformed("statusCode is not an HTTP status") }
        return Reply(
            commandID: id, statusCode: wire.statusCode, retryAfterSeconds: wire.retryAfterSeconds,
            isReplayed: wire.isReplayed, body: try open(wire.sealed, context: Self.context(.reply, id.value)))
    }

    /// A result as a record of the results topic.
    public func record(for result: ResultEvent, partitionCount: Int32) throws -> KafkaRecord {
        let id = result.commandID.value
        let sealed = try result.notification.map { pending in
            try keys.seal(try JSONCoding.encode(pending.message), context: Self.context(.result, id))
        }
        let key = Array(result.key.utf8)
        let headers = headers(.result, id: id, subject: result.key, atMilliseconds: result.occurredAtMilliseconds)
        return KafkaRecord(
            topic: topics.results, partition: Partitioner.partition(forKey: key, count: partitionCount), key: key,
            value: try JSONCoding.encode(ResultWire(result, sealed: sealed)),
            headers: headers + (result.trace?.recordHeaders ?? []))
    }

    /// Reads a result.
    public func result(from message: KafkaMessage) throws(MessageError) -> ResultEvent {
        try check(message, is: .result)
        guard let id = message.text(MessageHeaderName.id).flatMap(CommandID.init) else {
            throw .malformed("header ce_id is not a command id")
        }
        let wire = try read(ResultWire.self, from: message.value)
        guard Self.times.contains(wire.occurredAtMilliseconds) else {
            throw .malformed("occurredAtMilliseconds is out of range")
        }
        var notification: PendingNotification?
        if let sealed = wire.sealed {
            guard let webhookID = wire.webhookID else { throw .malformed("webhookID is missing") }
            let context = Self.context(.result, id.value)
            notification = PendingNotification(
                webhookID: webhookID, message: try open(MerchantNotification.self, sealed, context: context))
        }
        var result = ResultEvent(
            commandID: id, provider: wire.provider, operation: wire.operation,
            reference: PaymentReference(shopTransactionID: wire.shopTransactionID, paymentID: wire.paymentID),
            amount: wire.amount, outcome: wire.outcome, occurredAtMilliseconds: wire.occurredAtMilliseconds,
            notification: notification)
        result.trace = message.traceContext
        return result
    }

    /// A record that could not be processed, with its reason in clear and its key, value and headers sealed.
    public func deadLetter(
        for message: KafkaMessage, reason: String, partitionCount: Int32, atMilliseconds now: Int64
    ) throws -> KafkaRecord {
        let id = "\(message.topic)/\(message.partition)/\(message.offset)"
        let content = try JSONCoding.encode(DeadLetterContent(message))
        let wire = DeadLetterWire(
            topic: message.topic, partition: message.partition, offset: message.offset, reason: reason,
            sealed: try keys.seal(content, context: Self.context(.deadLetter, id)))
        var headers = headers(.deadLetter, id: id, subject: nil, atMilliseconds: now)
        headers.append(KafkaHeader(name: MessageHeaderName.deadLetterReason, text: reason))
        let key = Array(id.utf8)
        return KafkaRecord(
            topic: topics.deadLetters, partition: Partitioner.partition(forKey: key, count: partitionCount), key: key,
            value: try JSONCoding.encode(wire), headers: headers)
    }

    /// Reads a dead letter: why it is one, and the record as it was.
    public func deadLetter(from message: KafkaMessage) throws(MessageError) -> (reason: String, original: KafkaMessage)
    {
        try check(message, is: .deadLetter)
        let wire = try decode(DeadLetterWire.self, from: message.value)
        let id = "\(wire.topic)/\(wire.partition)/\(wire.offset)"
        let content = try open(DeadLetterContent.self, wire.sealed, context: Self.context(.deadLetter, id))
        return (wire.reason, content.message(topic: wire.topic, partition: wire.partition, offset: wire.offset))
    }
}

extension MessageCodec {
    /// Unix milliseconds of the years 1970 to 9999: within them times can be added, subtracted and written.
    static let times: ClosedRange<Int64> = 0...253_402_300_799_999
    /// Most rounds that a command can have gone through.
    private static let attempts = 1...1_000_000

    /// The clear part of a command is not protected by the seal, so its numbers may be anything.
    private func checkRanges(of wire: CommandWire) throws(MessageError) {
        guard Self.attempts.contains(wire.attempt) else { throw .malformed("attempt is out of range") }
        guard Self.times.contains(wire.acceptedAtMilliseconds) else {
            throw .malformed("acceptedAtMilliseconds is out of range")
        }
        guard wire.notBeforeMilliseconds.map(Self.times.contains) ?? true else {
            throw .malformed("notBeforeMilliseconds is out of range")
        }
        guard (wire.amount?.minorUnits ?? 0) >= 0 else { throw .malformed("amount is negative") }
    }

    static func context(_ type: MessageType, _ id: String) -> String { type.rawValue + ":" + id }

    func headers(
        _ type: MessageType, id: String, subject: String?, atMilliseconds now: Int64,
        contentType: String = "application/json"
    ) -> [KafkaHeader] {
        var headers: [KafkaHeader] = []
        // With what the kinds of messages add.
        headers.reserveCapacity(12)
        headers.append(KafkaHeader(name: MessageHeaderName.specificationVersion, text: "1.0"))
        headers.append(KafkaHeader(name: MessageHeaderName.id, text: id))
        headers.append(KafkaHeader(name: MessageHeaderName.source, text: source))
        headers.append(KafkaHeader(name: MessageHeaderName.type, text: type.rawValue))
        headers.append(KafkaHeader(name: MessageHeaderName.time, text: WallClock.rfc3339(unixMilliseconds: now)))
        headers.append(KafkaHeader(name: MessageHeaderName.contentType, text: contentType))
        if let subject { headers.append(KafkaHeader(name: MessageHeaderName.subject, text: subject)) }
        return headers
    }

    func check(_ message: KafkaMessage, is type: MessageType) throws(MessageError) {
        guard let text = message.text(MessageHeaderName.type) else { throw .malformed("header ce_type is missing") }
        guard text != type.rawValue else { return }
        guard text.hasPrefix("pgm.") else { throw .malformed("header ce_type is not one of this system") }
        throw .unsupportedType(String(text.prefix(64)))
    }

    func decode<Wire: Decodable>(_ type: Wire.Type, from value: [UInt8]?) throws(MessageError) -> Wire {
        try reading(value) { (bytes) throws(JSONError) in try JSONCoding.decode(type, from: bytes) }
    }

    func read<Wire: JSONReadable>(_ type: Wire.Type, from value: [UInt8]?) throws(MessageError) -> Wire {
        try reading(value) { (bytes) throws(JSONError) in try Wire(try JSONMembers(try JSONReader.read(bytes))) }
    }

    private func reading<Wire>(
        _ value: [UInt8]?, _ read: ([UInt8]) throws(JSONError) -> Wire
    ) throws(MessageError) -> Wire {
        guard let value else { throw .malformed("the record has no value") }
        do {
            return try read(value)
        } catch .unexpectedShape(let path) {
            throw .malformed("the value has another shape than expected at '\(path)'")
        } catch {
            throw .malformed("the value is not JSON")
        }
    }

    func open(_ sealed: String, context: String) throws(MessageError) -> [UInt8] {
        try opened { () throws(SealingError) in try keys.open(sealed, context: context) }
    }

    func opened(_ open: () throws(SealingError) -> [UInt8]) throws(MessageError) -> [UInt8] {
        do {
            return try open()
        } catch .unknownKey {
            throw .unknownSealingKey
        } catch {
            throw .malformed("the sealed part does not open")
        }
    }

    func open<Content: Decodable>(
        _ type: Content.Type, _ sealed: String, context: String
    ) throws(MessageError) -> Content {
        try decode(type, from: try open(sealed, context: context))
    }
}
