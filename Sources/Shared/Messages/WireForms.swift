/// Value of a command record.
struct CommandWire: Encodable {
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
        let money = amount.map { String($0.minorUnits) + $0.currency.code }
        let parts = [
            provider.value, operation.rawValue, paymentMethod, shopTransactionID, paymentID, money, scope,
            idempotencyKeyHash, joins?.value,
        ]
        var text = ""
        text.reserveCapacity(320)
        for part in parts {
            guard let part else {
                text += "|-"
                continue
            }
            text += "|"
            text += String(part.utf8.count)
            text += ":"
            text += part
        }
        return text
    }
}

extension CommandWire: JSONWritable {
    func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            json.member("acceptedAtMilliseconds", acceptedAtMilliseconds)
            try json.member("amount", amount)
            json.member("attempt", attempt)
            json.member("idempotencyKeyHash", idempotencyKeyHash)
            json.member("joins", joins?.value)
            json.member("notBeforeMilliseconds", notBeforeMilliseconds)
            json.member("operation", operation.rawValue)
            json.member("paymentID", paymentID)
            json.member("paymentMethod", paymentMethod)
            json.member("provider", provider.value)
            json.member("scope", scope)
            json.member("sealed", sealed)
            json.member("shopTransactionID", shopTransactionID)
        }
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
    var untold: CommandID?
}

/// Value of a reply record.
struct ReplyWire: Encodable {
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

extension CommandWire: JSONReadable {
    init(_ json: JSONMembers) throws(JSONError) {
        provider = try json.value("provider") { ProviderName($0) }
        operation = try json.value("operation") { Operation(rawValue: $0) }
        paymentMethod = try json.textIfPresent("paymentMethod")
        shopTransactionID = try json.textIfPresent("shopTransactionID")
        paymentID = try json.textIfPresent("paymentID")
        amount = try json.objectIfPresent("amount")
        acceptedAtMilliseconds = try json.integer("acceptedAtMilliseconds")
        attempt = Int(try json.integer("attempt"))
        notBeforeMilliseconds = try json.integerIfPresent("notBeforeMilliseconds")
        scope = try json.textIfPresent("scope")
        idempotencyKeyHash = try json.textIfPresent("idempotencyKeyHash")
        joins = try json.valueIfPresent("joins") { CommandID($0) }
        sealed = try json.text("sealed")
    }
}

extension ReplyWire: JSONWritable {
    func write(to json: inout JSONWriter) throws(JSONError) {
        json.object { json in
            json.member("isReplayed", isReplayed)
            json.member("retryAfterSeconds", retryAfterSeconds)
            json.member("sealed", sealed)
            json.member("statusCode", statusCode)
        }
    }
}

extension ReplyWire: JSONReadable {
    init(_ json: JSONMembers) throws(JSONError) {
        statusCode = Int(try json.integer("statusCode"))
        retryAfterSeconds = try json.integerIfPresent("retryAfterSeconds").map { Int($0) }
        isReplayed = try json.flag("isReplayed")
        sealed = try json.text("sealed")
    }
}

/// Value of a result record.
struct ResultWire: Encodable {
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

extension ResultWire: JSONWritable {
    func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            try json.member("amount", amount)
            json.member("occurredAtMilliseconds", occurredAtMilliseconds)
            json.member("operation", operation.rawValue)
            json.member("outcome", outcome)
            json.member("paymentID", paymentID)
            json.member("provider", provider.value)
            json.member("sealed", sealed)
            json.member("shopTransactionID", shopTransactionID)
            json.member("webhookID", webhookID)
        }
    }
}

extension ResultWire: JSONReadable {
    init(_ json: JSONMembers) throws(JSONError) {
        provider = try json.value("provider") { ProviderName($0) }
        operation = try json.value("operation") { Operation(rawValue: $0) }
        shopTransactionID = try json.textIfPresent("shopTransactionID")
        paymentID = try json.textIfPresent("paymentID")
        amount = try json.objectIfPresent("amount")
        outcome = try json.text("outcome")
        occurredAtMilliseconds = try json.integer("occurredAtMilliseconds")
        webhookID = try json.textIfPresent("webhookID")
        sealed = try json.textIfPresent("sealed")
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
    public func text(_ name: String) -> String? {
        header(name).map { String(decoding: $0, as: UTF8.self) }
    }
}
