import Logging
import Providers
import Shared
import Testing

@testable import Worker

/// A worker's surroundings: manual time, one sealing key, a recording sender, and a journal that runs.
final class Workshop: Sendable {
    static let now: Int64 = 1_700_000_000_000
    static let scripted = ScriptedProvider.description.name

    let keys: SealingKeyRing
    let codec: MessageCodec
    let sender: RecordingSender
    let time: ManualTime
    let journal: Journal
    /// What the journal reads.
    let log: RecordedLog
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var clock: WallClock { time.clock }
    /// The journal's own work, and the regular question where its log ends.
    let running: Task<Void, Never>

    /// What all processes of an installation have in common.
    struct Installation {
        let keys: SealingKeyRing
        let sender: RecordingSender
        let time: ManualTime
    }

    var installation: Installation { Installation(keys: keys, sender: sender, time: time) }

    /// Starts a process with its journal.
    ///
    /// - Parameters:
    ///   - other: a process of the same installation.
    ///   - installation: that installation, when there is no other process.
    ///   - watcher: who is told what the journal does.
    ///   - snapshots: what an earlier process of this machine has kept of its index.
    ///   - isAssigned: whether the process has all partitions from the beginning.
    init(
        beside other: Workshop? = nil, in installation: Installation? = nil, instance: String = "worker-1",
        journalSettings: JournalSettings = Workshop.journalSettings, watcher: JournalWatcher? = nil,
        snapshots: JournalSnapshotStore? = nil, isAssigned: Bool = true
    ) {
        let known = other?.installation ?? installation
        let time = known?.time ?? ManualTime(originMilliseconds: Self.now)
        let (keys, sender) = (known?.keys ?? .random(), known?.sender ?? RecordingSender(clock: time.clock))
        let codec = Self.codec(keys: keys)
        let journal = Journal(
            provider: Self.scripted, instance: instance, codec: codec, sender: sender, settings: journalSettings,
            snapshots: snapshots, timing: time.ofJournal, clock: time.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        if let watcher { journal.attach(watcher) }
        let log = RecordedLog(sender, topic: codec.topics.journal(of: Self.scripted), codec: codec)
        log.attach(journal)
        let partitions = isAssigned ? Array(0..<journalSettings.partitions) : []
        if snapshots == nil { journal.assigned(partitions) }
        (self.keys, self.codec, self.sender, self.time) = (keys, codec, sender, time)
        (self.journal, self.log) = (journal, log)
        let timing = time.waiting
        self.running = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await journal.run() }
                // As a process does that joins its group when it has read everything.
                if snapshots != nil, await journal.catchUp() { journal.assigned(partitions) }
                while await timing.pause(for: journalSettings.boundsInterval) { log.askEnds() }
                group.cancelAll()
            }
        }
    }

    deinit {
        running.cancel()
        log.close()
    }

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

    static let journalSettings = JournalSettings(
        appendBackoff: Backoff(first: .milliseconds(100), cap: .seconds(2), jitter: 0),
        dueBackoff: Backoff(first: .seconds(5), cap: .seconds(120), jitter: 0))

    /// - Parameter timing: waits are over at once when it is not given.
    func processor(
        _ script: Script, settings: WorkerSettings = Workshop.settings, timing: Timing? = nil
    ) -> CommandProcessor {
        CommandProcessor(
            .init(
                provider: ScriptedProvider(script), codec: codec, sender: sender, journal: journal, settings: settings,
                deadLetters: deadLetters, clock: clock, timing: timing ?? time.skipping, logger: logger))
    }

    /// Works on a record as a lane does: once its partition is owned, and again as often as it is told to.
    func process(
        _ message: KafkaMessage, _ script: Script, settings: WorkerSettings = Workshop.settings, timing: Timing? = nil
    ) async -> RecordDisposition {
        await process(
            .record(message), in: message.partition, processor(script, settings: settings, timing: timing))
    }

    /// Works on an open entry as its lane does.
    func clearUp(
        _ key: JournalKey, of command: Command, _ script: Script, timing: Timing? = nil
    ) async -> RecordDisposition {
        await process(.due(key), in: Self.partition(of: command.lane), processor(script, timing: timing))
    }

    private func process(_ work: LaneWork, in number: Int32, _ processor: CommandProcessor) async -> RecordDisposition {
        let partition = KafkaPartition(topic: codec.topics.commands(of: Self.scripted), partition: number)
        await owned(number)
        for _ in 0..<50 {
            let disposition = await processor.process(work, partition)
            if disposition != .again { return disposition }
        }
        return .again
    }

    /// Waits until the journal of a partition is owned.
    func owned(_ partition: Int32) async {
        await eventually("partition \(partition) is owned") { journal.epoch(of: partition) != nil }
    }

    /// Waits until all partitions are owned, so that nothing more is written of itself.
    func ready() async { await eventually("all partitions are owned") { journal.isReady } }

    static func partition(of lane: Lane) -> Int32 { Partitioner.partition(forKey: Array(lane.key.utf8), count: 12) }

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

    func message(_ task: LaneTask) throws -> KafkaMessage {
        try codec.record(for: task, partitionCount: 12).asRead(at: 42)
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
