import ArgumentParser
import Providers
import Shared

/// The steps of a documented `pay` through the demonstration provider, in their order.
enum MicroSteps {
    static func all() throws -> [MicroStep] {
        let path = try PayPath()
        return ingressSteps(path) + workerSteps(path) + replySteps(path) + notifierSteps(path) + errorSteps()
    }

    private static func ingressSteps(_ path: PayPath) -> [MicroStep] {
        let payload = path.payloadBytes
        return [
            MicroStep(part: "ingress", name: "make an id", timesInPay: 1) {
                CommandID.make(atUnixMilliseconds: PayPath.now).value.utf8.count
            },
            MicroStep(part: "ingress", name: "start a trace", timesInPay: 1) {
                TraceContext.root().child().traceParent.utf8.count
            },
            MicroStep(part: "ingress", name: "parse the body", timesInPay: 1) {
                try JSONCoding.decode(JSONValue.self, from: path.requestBytes).objectValue?.count ?? 0
            },
            MicroStep(part: "ingress", name: "validate it", timesInPay: 1) {
                RequestValidator.issues(of: path.body, schema: path.schema, nowSeconds: PayPath.now / 1000).count + 1
            },
            MicroStep(part: "ingress", name: "make the command", timesInPay: 1) {
                try path.makeCommand().payload.body?.count ?? 0
            },
            MicroStep(part: "ingress", name: "(write the payload)", timesInPay: 0) {
                try JSONCoding.encode(path.command.payload).count
            },
            MicroStep(part: "ingress", name: "(seal the payload)", timesInPay: 0) {
                try path.keys.seal(payload, context: "pgm.command.v1:micro").utf8.count
            },
            MicroStep(part: "ingress", name: "(choose the partition)", timesInPay: 0) {
                Int(Partitioner.partition(forKey: path.commandRecord.key ?? [], count: PayPath.partitions)) + 1
            },
            MicroStep(part: "ingress", name: "encode the command", timesInPay: 1) {
                try path.codec.record(for: path.command, partitionCount: PayPath.partitions).headers.count
            },
        ]
    }

    private static func workerSteps(_ path: PayPath) -> [MicroStep] {
        [
            MicroStep(part: "worker", name: "(open the payload)", timesInPay: 0) {
                try path.keys.open(path.sealedPayload, context: "pgm.command.v1:micro").count
            },
            MicroStep(part: "worker", name: "decode the command", timesInPay: 1) {
                try path.codec.command(from: path.commandMessage).payload.body?.count ?? 0
            },
            MicroStep(part: "worker", name: "write the reply's body", timesInPay: 1) {
                try JSONCoding.encode(path.paymentReply).count
            },
            MicroStep(part: "worker", name: "encode the reply", timesInPay: 1) {
                try path.codec.record(for: path.reply, to: path.address, atMilliseconds: PayPath.now).headers.count
            },
            MicroStep(part: "worker", name: "encode the result", timesInPay: 1) {
                try path.codec.record(for: path.result, partitionCount: PayPath.partitions).headers.count
            },
        ]
    }

    private static func replySteps(_ path: PayPath) -> [MicroStep] {
        [
            MicroStep(part: "ingress", name: "read the addressee", timesInPay: 1) {
                path.codec.addressee(of: path.replyMessage)?.instance.utf8.count ?? 0
            },
            MicroStep(part: "ingress", name: "decode the reply", timesInPay: 1) {
                try path.codec.reply(from: path.replyMessage).body.count
            },
        ]
    }

    private static func notifierSteps(_ path: PayPath) -> [MicroStep] {
        [
            MicroStep(part: "notifier", name: "decode the result", timesInPay: 1) {
                try path.codec.result(from: path.resultMessage).outcome.utf8.count
            },
            MicroStep(part: "notifier", name: "decode one with a notification", timesInPay: 0) {
                try path.codec.result(from: path.notifyingMessage).notification?.webhookID.utf8.count ?? 0
            },
            MicroStep(part: "notifier", name: "write a notification's body", timesInPay: 0) {
                try JSONCoding.encode(path.notification.message).count
            },
        ]
    }

    private static func errorSteps() -> [MicroStep] {
        var error = ErrorResponse.invalidFields([
            FieldIssue(field: "amount", issue: "must be a decimal string such as \"5.00\"")
        ])
        error.requestId = CommandID.make(atUnixMilliseconds: PayPath.now).value
        let response = error
        return [
            MicroStep(part: "ingress", name: "write an error's body", timesInPay: 0) {
                try JSONCoding.encode(response).count
            }
        ]
    }
}

/// The messages of one `pay`, made with the product's own code.
struct PayPath {
    static let now: Int64 = 1_790_000_000_000
    static let partitions: Int32 = 12

    let requestBytes: [UInt8]
    let body: [String: JSONValue]
    let schema: ObjectSchema
    let keys = SealingKeyRing.random()
    let codec: MessageCodec
    let command: Command
    let payloadBytes: [UInt8]
    let sealedPayload: String
    let commandRecord: KafkaRecord
    let commandMessage: KafkaMessage
    let address: ReplyAddress
    let paymentReply: PaymentReply
    let reply: Reply
    let replyMessage: KafkaMessage
    let result: ResultEvent
    let resultMessage: KafkaMessage
    let notification: PendingNotification
    let notifyingMessage: KafkaMessage

    init() throws {
        let text = #"{ "amount": "5.00", "shopTransactionID": "123456789", "creditCardToken": "47FKMUVK9PPK2026" }"#
        requestBytes = Array(text.utf8)
        guard let body = try JSONCoding.decode(JSONValue.self, from: requestBytes).objectValue,
            let schema = GenericProvider.description.operation(.pay)?.body
        else { throw ValidationError("the demonstration provider has no pay") }
        self.body = body
        self.schema = schema
        codec = MessageCodec(topics: TopicNames(), source: "ingress/ingress-1a2b3c4d", keys: keys)
        address = ReplyAddress(partition: 7, instance: "ingress-1a2b3c4d")
        var command = try Self.command(body, schema)
        command.replyTo = address
        command.trace = TraceContext.root()
        command.deadlineMilliseconds = Self.now + 29_000
        self.command = command
        payloadBytes = try JSONCoding.encode(command.payload)
        sealedPayload = try keys.seal(payloadBytes, context: "pgm.command.v1:micro")
        commandRecord = try codec.record(for: command, partitionCount: Self.partitions)
        commandMessage = Self.message(commandRecord)
        paymentReply = PaymentReply(
            result: .ok, resultDescription: "Payment captured", paymentID: "gp_nungi38i5b1nt07vtflkmdkc")
        reply = Reply(commandID: command.id, statusCode: 200, body: try JSONCoding.encode(paymentReply))
        replyMessage = Self.message(try codec.record(for: reply, to: address, atMilliseconds: Self.now))
        let reference = PaymentReference(shopTransactionID: "123456789", paymentID: "gp_nungi38i5b1nt07vtflkmdkc")
        let message = MerchantNotification(
            providerName: "generic-provider", paymentType: "CREDITCARD", isSuccessful: true,
            resultDescription: "Payment captured",
            reference: ("gp_nungi38i5b1nt07vtflkmdkc", "123456789"), token: nil,
            cardInformation: ["brand": "visa", "last4": "4242"], safeChargeData: nil)
        notification = PendingNotification(webhookID: "msg_32a705b43232be4a2f967c4ad4a1df7d", message: message)
        var result = ResultEvent(
            commandID: command.id, provider: command.provider, operation: .pay, reference: reference,
            amount: command.amount, outcome: "OK", occurredAtMilliseconds: Self.now, notification: nil)
        result.trace = command.trace
        self.result = result
        resultMessage = Self.message(try codec.record(for: result, partitionCount: Self.partitions))
        result.notification = notification
        notifyingMessage = Self.message(try codec.record(for: result, partitionCount: Self.partitions))
    }

    /// The command of the body, as the ingress makes it once the body is known to be valid.
    func makeCommand() throws -> Command { try Self.command(body, schema) }

    private static func command(_ body: [String: JSONValue], _ schema: ObjectSchema) throws -> Command {
        let known = Set(schema.fields.map(\.name))
        return Command(
            id: CommandID.make(atUnixMilliseconds: now), provider: GenericProvider.description.name, operation: .pay,
            paymentMethod: "credit-cards",
            reference: PaymentReference(shopTransactionID: body["shopTransactionID"]?.stringValue),
            amount: try body["amount"]?.stringValue.map { try Money.parse($0, currency: .euro) },
            acceptedAtMilliseconds: now, payload: CommandPayload(body: body.filter { known.contains($0.key) }))
    }

    private static func message(_ record: KafkaRecord) -> KafkaMessage {
        KafkaMessage(
            topic: record.topic, partition: record.partition, offset: 1, key: record.key, value: record.value,
            headers: record.headers)
    }
}
