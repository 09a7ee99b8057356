import Foundation
import Logging
import Shared
import Synchronization

/// Writes settled entries into a journal, as fast as a worker follows if one does.
struct JournalLoad {
    /// Records ahead of the worker, of all partitions together, that the embedded broker keeps for sure: it drops what
    /// is older than about 5 MB of a partition, and one partition may be behind by all of them.
    static let aheadOfEmbeddedMax = 4000
    /// Records of each step of a task.
    private static let step = 250

    private let installation: JournalInstallation
    private let provider: ProviderName
    private let codec: MessageCodec
    private let kafka: KafkaConfiguration
    private let contentBytes: Int
    private let ahead: Int
    private let run = UUID().uuidString.lowercased()

    init(_ installation: JournalInstallation, contentBytes: Int, ahead: Int) throws {
        let settings = installation.processes.environment
        guard let provider = ProviderName(JournalInstallation.provider),
            let keys = SealingKeyRing.parse(settings["PGM_ENCRYPTION_KEYS"] ?? "")
        else { throw BenchError(problem: "the installation's settings cannot be read") }
        self.installation = installation
        self.provider = provider
        self.contentBytes = contentBytes
        self.ahead = ahead
        codec = MessageCodec(
            topics: TopicNames(prefix: settings["KAFKA_TOPIC_PREFIX"] ?? ""), source: "bench", keys: keys)
        // Large batches: what is measured is the worker.
        kafka = KafkaConfiguration(
            bootstrapServers: settings["KAFKA_BOOTSTRAP_SERVERS"] ?? "", clientID: "pgm-bench-journal",
            properties: ["linger.ms": "5"], isEmbedded: installation.processes.isEmbedded, deliveryTimeout: .seconds(60)
        )
    }

    /// Seconds to make one record on one core, and the bytes of its value.
    func sealingCost() throws -> (seconds: Double, valueBytes: Int) {
        let count = 20_000
        var bytes = 0
        let started = ContinuousClock.now
        for number in 0..<count { bytes += try record(-1 - number).value?.count ?? 0 }
        return ((ContinuousClock.now - started) / .seconds(1) / Double(count), bytes / count)
    }

    /// Writes the entries, and waits until a worker has read them all, when one follows.
    func run(entries: Int, into worker: JournalInstallation.Worker?) async throws {
        let appliedBefore = if let worker { try await installation.applied(worker) } else { 0 }
        let producer = try KafkaProducer(configuration: kafka, logger: Logger(label: "bench"))
        let progress = LoadProgress(entries: entries, ahead: worker == nil ? .max : max(ahead, Self.step))
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<max(2, ProcessInfo.processInfo.activeProcessorCount * 2) {
                    group.addTask { try await self.write(producer, progress) }
                }
                if let worker { try await follow(worker, appliedBefore, progress) }
                try await group.waitForAll()
            }
        } catch {
            await producer.close(within: .seconds(5))
            throw error
        }
        await producer.close(within: .seconds(5))
    }

    /// Watches how far the worker is until it has everything.
    private func follow(
        _ worker: JournalInstallation.Worker, _ appliedBefore: Int, _ progress: LoadProgress
    ) async throws {
        var last = (applied: -1, at: ContinuousClock.now)
        var shown = ContinuousClock.now
        while true {
            let applied = try await installation.applied(worker) - appliedBefore
            progress.applied.store(applied, ordering: .relaxed)
            if applied >= progress.entries { return }
            if applied != last.applied { last = (applied, .now) }
            guard ContinuousClock.now - last.at < .seconds(60) else {
                throw BenchError(problem: "the worker has stopped at \(applied) of \(progress.entries) records")
            }
            if ContinuousClock.now - shown > .seconds(30) {
                shown = .now
                JournalBench.say("  \(applied) entries; " + installation.footprint(worker))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func write(_ producer: KafkaProducer, _ progress: LoadProgress) async throws {
        while true {
            let first = progress.next.wrappingAdd(Self.step, ordering: .relaxed).oldValue
            guard first < progress.entries else { return }
            let end = min(first + Self.step, progress.entries)
            while end - progress.applied.load(ordering: .relaxed) > progress.ahead {
                try await Task.sleep(for: .milliseconds(5))
            }
            let records = try (first..<end).map(record)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for record in records { group.addTask { _ = try await producer.send(record) } }
                try await group.waitForAll()
            }
        }
    }

    /// The settled payment of a number.
    private func record(_ number: Int) throws -> KafkaRecord {
        let reference = "order-" + Self.scrambled(number) + "-" + run.prefix(8)
        let now = WallClock.system.unixMilliseconds
        let command = CommandID.make(atUnixMilliseconds: now)
        let summary = JournalSummary(
            operation: .pay, commandID: command, reference: PaymentReference(shopTransactionID: reference),
            outcome: "OK", attempt: 1, changedAtMilliseconds: now, writer: "worker-" + run.prefix(8))
        let mark = JournalMark(
            stage: .settled, attemptID: command.value + ".1.worker-1", isFact: true, known: 1,
            sealingKeyID: codec.sealingKeyID)
        // Whatever it is, sealed it cannot be compressed.
        let content = [UInt8](repeating: 0x61, count: contentBytes)
        let key = JournalKey.payment(reference)
        let entry = JournalRecord(
            id: command.value + ".1.worker.\(number)",
            // The first owner's epoch: a worker that follows is the first one of this installation.
            key: JournalRecordKey(key, JournalWriter(epoch: 1, generation: 0)), mark: mark,
            value: try codec.journalValue(summary, content, of: key, provider: provider))
        return codec.record(for: entry, of: provider, partition: Int32(abs(number) % installation.partitions))
    }

    /// Another text for each number, in no order: as merchants' references are for an index.
    private static func scrambled(_ number: Int) -> String {
        var mixed = UInt64(bitPattern: Int64(number)) &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return String(mixed ^ (mixed >> 31), radix: 16)
    }
}

/// What the tasks of a load share.
private final class LoadProgress: Sendable {
    let entries: Int
    /// How far the writers may be before the worker.
    let ahead: Int
    let next = Atomic<Int>(0)
    let applied = Atomic<Int>(0)

    init(entries: Int, ahead: Int) { (self.entries, self.ahead) = (entries, ahead) }
}
