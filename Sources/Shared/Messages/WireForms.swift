/// Value of a command record.
struct CommandWire: Codable {
    var provider: ProviderName
    var operation: Operation
    var paymentMethod: String?
    var shopTransactionID: String?
    var paymentID: String?
    var amount: Money?
    var acceptedAtMilliseconds: Int64
    var attempt: Int
    var notBeforeMilliseconds: Int64?
    var scope: String?
    var idempotencyKeyHash: String?
    var joins: CommandID?
    var sealed: String

    init(_ command: Command, sealed: String) {
        provider = command.provider
        operation = command.operation
        paymentMethod = command.paymentMethod
        shopTransactionID = command.reference.shopTransactionID
        paymentID = command.reference.paymentID
        amount = command.amount
        acceptedAtMilliseconds = command.acceptedAtMilliseconds
        attempt = command.attempt
        notBeforeMilliseconds = command.notBeforeMilliseconds
        scope = command.claim?.scope
        idempotencyKeyHash = command.claim?.keyHash
        joins = command.claim?.joins
        self.sealed = sealed
    }

    /// What stands in clear and must not be changed: who writes to the topic cannot make a refund a larger one.
    ///
    /// Each part has its length before it.
    var sealedTogether: String {
        let money = amount.map { "\($0.minorUnits)\($0.currency.code)" }
        return [
            provider.value, operation.rawValue, paymentMethod, shopTransactionID, paymentID, money, scope,
            idempotencyKeyHash, joins?.value,
        ]
        .map { part in part.map { "|\($0.utf8.count):\($0)" } ?? "|-" }.joined()
    }
}

/// Value of a task record.
struct TaskWire: Codable {
    var provider: ProviderName
    var createdAtMilliseconds: Int64
    var sealed: String
}

/// Sealed part of a task.
struct TaskContent: Codable {
    var news: PaymentNews?
    var settle: OperatorDecision?
}

/// Value of a reply record.
struct ReplyWire: Codable {
    var statusCode: Int
    var retryAfterSeconds: Int?
    var isReplayed: Bool
    var sealed: String

    init(_ reply: Reply, sealed: String) {
        statusCode = reply.statusCode
        retryAfterSeconds = reply.retryAfterSeconds
        isReplayed = reply.isReplayed
        self.sealed = sealed
    }
}

/// Value of a result record.
struct ResultWire: Codable {
    var provider: ProviderName
    var operation: Operation
    var shopTransactionID: String?
    var paymentID: String?
    var amount: Money?
    var outcome: String
    var occurredAtMilliseconds: Int64
    var webhookID: String?
    var sealed: String?

    init(_ result: ResultEvent, sealed: String?) {
        provider = result.provider
        operation = result.operation
        shopTransactionID = result.reference.shopTransactionID
        paymentID = result.reference.paymentID
        amount = result.amount
        outcome = result.outcome
        occurredAtMilliseconds = result.occurredAtMilliseconds
        webhookID = result.notification?.webhookID
        self.sealed = sealed
    }
}

/// Value of a dead letter.
struct DeadLetterWire: Codable {
    var topic: String
    var partition: Int32
    var offset: Int64
    var reason: String
    var sealed: String
}

/// Sealed part of a dead letter: the record as it was.
struct DeadLetterContent: Codable {
    struct Header: Codable {
        var name: String
        var value: Base64Bytes?
    }

    var key: Base64Bytes?
    var value: Base64Bytes?
    var headers: [Header]

    init(_ message: KafkaMessage) {
        key = message.key.map(Base64Bytes.init)
        value = message.value.map(Base64Bytes.init)
        headers = message.headers.map { Header(name: $0.name, value: $0.value.map(Base64Bytes.init)) }
    }

    func message(topic: String, partition: Int32, offset: Int64) -> KafkaMessage {
        KafkaMessage(
            topic: topic, partition: partition, offset: offset, key: key?.bytes, value: value?.bytes,
            headers: headers.map { KafkaHeader(name: $0.name, value: $0.value?.bytes) }, timestampMilliseconds: nil)
    }
}

extension KafkaMessage {
    /// Text of a header; bytes that are not UTF-8 are repaired, so that nothing traps.
    func text(_ name: String) -> String? {
        header(name).map { String(decoding: $0, as: UTF8.self) }
    }
}
