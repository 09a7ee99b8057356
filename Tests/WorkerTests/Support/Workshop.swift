import Logging
import Providers
import Shared

@testable import Worker

/// A worker's surroundings: fixed time, one sealing key, a recording sender.
struct Workshop: Sendable {
    static let now: Int64 = 1_700_000_000_000
    static let scripted = ScriptedProvider.description.name

    let codec = Workshop.codec()
    let sender = RecordingSender()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let clock = WallClock { Workshop.now }

    static func codec(keys: SealingKeyRing = .random()) -> MessageCodec {
        MessageCodec(topics: TopicNames(), source: "/test", keys: keys)
    }

    var deadLetters: DeadLetterWriter {
        DeadLetterWriter(codec: codec, sender: sender, partitionCount: 3, clock: clock, logger: logger)
    }

    static let settings = WorkerSettings(
        providerTimeout: .seconds(20), backoff: Backoff(first: .milliseconds(1), cap: .milliseconds(4)),
        asynchronousTime: .milliseconds(300),
        roundBackoff: Backoff(first: .seconds(30), cap: .seconds(900), jitter: 0),
        roundsMax: 3)

    func processor(_ script: Script, settings: WorkerSettings = Workshop.settings) -> CommandProcessor {
        CommandProcessor(
            provider: ScriptedProvider(script), codec: codec, sender: sender, settings: settings,
            deadLetters: deadLetters, clock: clock, logger: logger)
    }

    func notifier(
        _ transport: any HTTPTransport, settings: NotifierSettings, secrets: [Secret<String>] = []
    ) throws -> Notifier {
        Notifier(
            settings: settings, transport: transport, signer: try WebhookSigner(secrets: secrets).unwrapped(),
            codec: codec, deadLetters: deadLetters, clock: clock, logger: logger)
    }

    /// A command with a caller who waits 20 seconds; asynchronous operations have neither caller nor deadline.
    static func command(_ operation: Operation, shopTransactionID: String = "order-1") -> Command {
        var command = Command(
            id: .make(atUnixMilliseconds: now), provider: scripted, operation: operation, paymentMethod: "cards",
            reference: PaymentReference(shopTransactionID: shopTransactionID),
            amount: Money(minorUnits: 500), acceptedAtMilliseconds: now, payload: CommandPayload(body: [:]))
        if operation == .callback {
            command.payload = CommandPayload(
                callback: RawCallback(method: "POST", headers: [:], query: [], body: [1, 2]))
        }
        if operation.isSynchronous {
            command.deadlineMilliseconds = now + 20_000
            command.replyTo = ReplyAddress(partition: 3, instance: "ingress-1")
        }
        return command
    }

    func message(_ command: Command) throws -> KafkaMessage {
        try codec.record(for: command, partitionCount: 12).asRead(at: 41)
    }

    func replies() throws -> [Reply] {
        try sender.stored(in: codec.topics.replies).map { try codec.reply(from: $0) }
    }

    func results() throws -> [ResultEvent] {
        try sender.stored(in: codec.topics.results).map { try codec.result(from: $0) }
    }

    func deadLettersRead() throws -> [(reason: String, original: KafkaMessage)] {
        try sender.stored(in: codec.topics.deadLetters).map { try codec.deadLetter(from: $0) }
    }
}

/// A value that a test relies on is absent.
struct Absent: Error {}

extension Optional {
    func unwrapped() throws -> Wrapped {
        guard let self else { throw Absent() }
        return self
    }
}

extension ProviderFailure {
    static func sample(
        _ code: Code, mayHaveHadEffect: Bool, isTransient: Bool = true, retryAfter: Duration? = nil
    ) -> ProviderFailure {
        ProviderFailure(
            code, mayHaveHadEffect: mayHaveHadEffect, isTransient: isTransient, retryAfter: retryAfter, "sample")
    }
}

extension PaymentObservation {
    static func sample(_ status: PaymentStatus) -> PaymentObservation {
        PaymentObservation(
            status: status, resultDescription: "seen", reference: PaymentReference(paymentID: "pay-9"),
            paymentType: "CREDITCARD", amount: Money(minorUnits: 500), token: "tok-1",
            cardInformation: .object(["brand": .string("visa")]))
    }
}
