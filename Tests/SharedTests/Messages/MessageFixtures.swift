import Testing

@testable import Shared

/// Messages with every field set, and with as few as possible.
enum MessageFixtures {
    /// What must never be readable on a topic.
    static let sensitive = [
        "tok_4111111111111111", "nonce-7f3a", "buyer@example.com", "https://psp.example/pay/one-time", "callback-body",
        "t=1,v1=callback-signature", "recurrence-token", "ON-CARD", "psp description", "query-secret",
    ]

    static let keys = SealingKeyRing(keys: [key("k1", 1), key("k0", 9)].compactMap { $0 }) ?? .random()
    static let codec = MessageCodec(topics: TopicNames(), source: "ingress/7", keys: keys)
    static let id = CommandID.make(atUnixMilliseconds: 1_790_000_000_000)

    static func key(_ id: String, _ byte: UInt8) -> SealingKeyRing.Key? {
        SealingKeyRing.Key(id: id, bytes: Array(repeating: byte, count: 32))
    }

    static func fullCommand() -> Command {
        var command = Command(
            id: id, provider: ProviderName("stripe"), operation: .payRecurrentExpire, paymentMethod: "credit-cards",
            reference: PaymentReference(shopTransactionID: "ORDER-1", paymentID: "cs_1"),
            amount: Money(minorUnits: 1234, currency: Currency(code: "KWD") ?? .euro),
            acceptedAtMilliseconds: 1_790_000_000_123, deadlineMilliseconds: 1_790_000_020_123,
            replyTo: ReplyAddress(partition: 7, instance: "ingress/a-1"),
            trace: TraceContext(traceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            payload: CommandPayload(body: [
                "creditCardToken": .string(sensitive[0]), "nonce": .string(sensitive[1]),
                "buyer": .object(["mail": .string(sensitive[2]), "list": .array([.null, .integer(1), .number(1.5)])]),
            ]))
        command.attempt = 3
        command.notBeforeMilliseconds = 1_790_000_001_000
        return command
    }

    static func callbackCommand() -> Command {
        let callback = RawCallback(
            method: "POST", headers: ["stripe-signature": sensitive[5]],
            query: [.init(name: "a", value: sensitive[9]), .init(name: "a", value: "")],
            body: Array(sensitive[4].utf8) + [0, 0xFF])
        return Command(
            id: id, provider: ProviderName("generic-provider"), operation: .callback, reference: PaymentReference(),
            acceptedAtMilliseconds: 0, payload: CommandPayload(callback: callback))
    }

    static func reply() throws -> Reply {
        let body = PaymentReply(
            result: .redirectToURL, resultDescription: sensitive[8], paymentID: "cs_1", redirectToUrl: sensitive[3])
        return Reply(
            commandID: id, statusCode: 200, retryAfterSeconds: 5, isReplayed: true, body: try JSONCoding.encode(body))
    }

    static func result(isNotified: Bool = true) -> ResultEvent {
        let message = MerchantNotification(
            providerName: "STRIPE", paymentType: "STRIPE", isSuccessful: true, resultDescription: sensitive[8],
            reference: (paymentID: "cs_1", shopTransactionID: "ORDER-1"), token: sensitive[6],
            cardInformation: .object(["holder": .string(sensitive[7])]))
        return ResultEvent(
            commandID: id, provider: ProviderName("stripe"), operation: .check,
            reference: PaymentReference(shopTransactionID: "ORDER-1", paymentID: "cs_1"),
            amount: Money(minorUnits: 500), outcome: "ACCEPTED", occurredAtMilliseconds: 1_790_000_000_123,
            notification: isNotified ? PendingNotification(webhookID: "msg_1", message: message) : nil)
    }

    static func deadLetter() throws -> KafkaRecord {
        let original = KafkaMessage(
            topic: "pgm.commands.stripe", partition: 3, offset: 42, key: Array(sensitive[2].utf8),
            value: Array(sensitive[0].utf8),
            headers: [KafkaHeader(name: sensitive[1], text: sensitive[5]), KafkaHeader(name: "empty", value: nil)])
        return try codec.deadLetter(
            for: original, reason: "the value is not JSON", partitionCount: 3, atMilliseconds: 1_790_000_000_123)
    }

    static func tasks() -> [LaneTask] {
        let message = MerchantNotification(
            providerName: "STRIPE", paymentType: "STRIPE", isSuccessful: true, resultDescription: sensitive[8],
            reference: (paymentID: "cs_1", shopTransactionID: "ORDER-1"), token: sensitive[6])
        let state = ObservedState(
            status: .accepted, kind: "renewal", occurrence: "in_1", amount: Money(minorUnits: 500), message: message)
        let events: [PaymentNews.Event] = [.observed(state), .refunded(200), .captured(300), .expired]
        let news = events.map { event in
            LaneTask.Content.news(
                PaymentNews(
                    reference: PaymentReference(shopTransactionID: "ORDER-1", paymentID: "cs_1"), cause: id,
                    operation: .callback, event: event))
        }
        let decision = OperatorDecision(commandID: id, hasHappened: true, paymentID: nil, explanation: sensitive[2])
        return (news + [.settle(decision), .untold(id)]).map { content in
            LaneTask(
                id: id, provider: ProviderName("stripe"), lane: .shopTransaction("ORDER-1"),
                createdAtMilliseconds: 1_790_000_000_123, content: content,
                trace: TraceContext(traceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        }
    }

    static let journalContent: JSONValue = ["token": .string(sensitive[0]), "page": .string(sensitive[3])]

    static let journalSummary = JournalSummary(
        operation: .pay, commandID: id, reference: PaymentReference(shopTransactionID: "ORDER-1"),
        amount: Money(minorUnits: 500), outcome: "OK", attempt: 2, changedAtMilliseconds: 1_790_000_000_123,
        writer: "worker-1")

    static func journalEntry(_ key: JournalKey = .payment("ORDER-1")) throws -> JournalRecord {
        JournalRecord(
            id: "r.12.worker-1.3", key: JournalRecordKey(key, JournalWriter(epoch: 12, generation: 1)),
            mark: JournalMark(
                stage: .attempted, attemptID: "a.12.worker-1.2", group: "5f3a", isOpen: true, known: 40,
                sealingKeyID: "k1", claims: [JournalClaim(bits: 7)]),
            value: try codec.journalValue(
                journalSummary, try JSONCoding.encode(journalContent), of: key, provider: ProviderName("stripe")))
    }

    static func journalRecord() throws -> KafkaRecord {
        codec.record(
            for: try journalEntry(), of: ProviderName("stripe"), partition: 5)
    }

    static func ownerRecord() -> KafkaRecord {
        codec.ownerRecord(
            id: "owner.12.worker-1.1", epoch: 12, summary: JournalSummary(writer: "worker-1"),
            of: ProviderName("stripe"), partition: 5)
    }

    /// One record of each kind, the two kinds of commands included.
    static func records() throws -> [MessageType: [KafkaRecord]] {
        let address = ReplyAddress(partition: 7, instance: "ingress/a-1")
        return [
            .command: [
                try codec.record(for: fullCommand(), partitionCount: 12),
                try codec.record(for: callbackCommand(), partitionCount: 12),
            ],
            .reply: [try codec.record(for: try reply(), to: address, atMilliseconds: 1_790_000_000_123)],
            .result: [
                try codec.record(for: result(), partitionCount: 12),
                try codec.record(for: result(isNotified: false), partitionCount: 12),
            ],
            .task: try tasks().map { try codec.record(for: $0, partitionCount: 12) },
            .journal: [try journalRecord()], .deadLetter: [try deadLetter()],
        ]
    }

    /// The record as it would be read back.
    static func message(_ record: KafkaRecord) -> KafkaMessage {
        KafkaMessage(
            topic: record.topic, partition: record.partition, offset: 0, key: record.key, value: record.value,
            headers: record.headers)
    }

    /// Reads a message as the given kind and forgets it.
    static func read(_ message: KafkaMessage, as type: MessageType, by codec: MessageCodec = codec) throws {
        switch type {
        case .command: _ = try codec.command(from: message)
        case .reply: _ = try codec.reply(from: message)
        case .result: _ = try codec.result(from: message)
        case .deadLetter: _ = try codec.deadLetter(from: message)
        case .task: _ = try codec.task(from: message)
        case .journal:
            _ = try codec.journalReading(from: message, JournalHash(), claimsSince: 0)
            let record = try codec.journalRecord(from: message)
            _ = try codec.journalSummary(from: record.value)
            _ = try codec.journalContent(
                JSONValue.self, from: record.value, key: record.key.entry, of: ProviderName("stripe"))
        }
    }
}

extension KafkaMessage {
    /// The same message with a header replaced, or removed.
    func with(header name: String, _ text: String?) -> KafkaMessage {
        var copy = self
        copy.headers.removeAll { $0.name == name }
        if let text { copy.headers.append(KafkaHeader(name: name, text: text)) }
        return copy
    }

    /// What of the value is JSON: all of it, of a journal's record its first line.
    var clearValue: [UInt8]? { value.map { Array($0.prefix { $0 != UInt8(ascii: "\n") }) } }

    /// The message with another sealed part, which does not open.
    func withDamage(_ text: String) throws -> KafkaMessage {
        guard clearValue != value else { return try with(member: "sealed", .object(["x": .string(text)])) }
        var copy = self
        copy.value = try #require(value) + Array(text.utf8)
        return copy
    }

    /// The same message with a member of its value replaced.
    func with(member name: String, _ replacement: JSONValue?) throws -> KafkaMessage {
        var copy = self
        let bytes = try #require(value)
        let object = try JSONCoding.decode(JSONValue.self, from: bytes)
        var members = try #require(object.objectValue)
        members[name] = replacement
        copy.value = try JSONCoding.encode(JSONValue.object(members))
        return copy
    }
}
