import Foundation
import Logging
import Shared
import Testing

/// A provider's answer that is recorded when the partition has another owner already, and then compaction.
///
/// A reader with an empty memory must know of such a payment, or a repeat of its `pay` would be a second charge.
@Suite(.serialized)
struct LateAnswerTests {
    /// How answers that were lost are cleared up, and what becomes of the second worker.
    struct Course: Sendable, CustomTestStringConvertible {
        let recovery: String
        /// Whether the second worker dies when it owns a partition, before it has written anything else to its journal.
        let successorDies: Bool

        var testDescription: String { "by \(recovery), the successor \(successorDies ? "dies" : "lives")" }

        /// All of them where there is a compaction to wait for, and of each two ways one elsewhere.
        static let all = ["key", "look-up"].flatMap { recovery in
            [true, false].map { Course(recovery: recovery, successorDies: $0) }
        }.filter { Installation.isOnCluster || $0.successorDies == ($0.recovery == "look-up") }
    }

    /// A call that was under way when its partition went to another worker, or could have gone.
    private struct Call: Sendable {
        let id: String
        let partition: Int32
        /// The owner that made it.
        let writer: JournalWriter

        init?(_ id: String, _ journal: JournalFollower) {
            guard let attempted = journal.records(of: id).first(where: { $0.mark.stage == .attempted }) else {
                return nil
            }
            (self.id, partition, writer) = (id, attempted.partition, attempted.key.writer)
        }

        /// Whether a record is of this call, at a stage.
        func isRecord(_ record: JournalFollower.Record, _ stage: JournalMark.Stage) -> Bool {
            record.key == JournalRecordKey(.payment(id), writer) && record.mark.stage == stage
        }

        /// Whether a record makes another worker the owner of the call's partition.
        func isSuccession(_ record: JournalFollower.Record) -> Bool {
            record.key.entry == .owner && record.partition == partition && record.key.writer > writer
        }

        /// Whether the call's answer stands behind the record of another owner.
        func isLate(in records: [JournalFollower.Record]) -> Bool {
            guard let succession = records.first(where: isSuccession) else { return false }
            return records.contains { isRecord($0, .settled) && $0.offset > succession.offset }
        }
    }

    private static let partitions: Int32 = 6
    private static let compacting = [
        "segment.ms=1000", "min.compaction.lag.ms=0", "max.compaction.lag.ms=1000", "min.cleanable.dirty.ratio=0.01",
    ].flatMap { ["--journal-setting", $0] }

    @Test(.timeLimit(.minutes(5)), arguments: Course.all)
    func anAnswerThatIsRecordedLateIsKnownToWhoeverReadsTheCompactedJournal(_ course: Course) async throws {
        let settings = [
            "ENABLED_PROVIDERS": "generic-provider", "GENERIC_PROVIDER_RECOVERY": course.recovery,
            "GENERIC_PROVIDER_TIMEOUT_SECONDS": "50", "REBALANCE_DRAIN_SECONDS": "2",
        ]
        try await withInstallation(settings, topicArguments: Self.compacting) { installation in
            let workers = Workers(installation)
            try await installation.start("ingress")
            let isServing = try await eventually(within: .seconds(60)) {
                try await installation.answers(installation.apiURL + "/-/ready")
            }
            #expect(isServing)
            try await workers.startReady()
            let ids = Self.identifiers()
            try await withThrowingTaskGroup(of: (String, API.Answer?).self) { callers in
                // The provider answers when it is let: calls wait at its door.
                installation.signalSandbox(SIGSTOP)
                for id in ids {
                    callers.addTask { (id, try? await Self.pay(installation, id)) }
                }
                let calls = try await Self.recordLate(ids, course, installation, workers)
                var answers = course.successorDies ? [:] : try await Self.answers(to: ids, installation)
                await workers.killAll()
                try await Self.compact(calls, installation)
                try await workers.startReady()
                for try await (id, answer) in callers where answer?.status == 200 {
                    #expect(answers[id] == nil || answers[id] == answer?.body, "\(id) has two answers")
                    answers[id] = answer?.body
                }
                for id in ids { try await Self.expectReplay(of: id, earlier: answers[id], installation) }
            }
        }
    }

    /// One payment for each partition.
    private static func identifiers() -> [String] {
        var found: [Int32: String] = [:]
        var number = 0
        while found.count < Int(partitions) {
            let id = "late-\(number)"
            let key = Array(Lane.shopTransaction(id).key.utf8)
            found[Partitioner.partition(forKey: key, count: partitions)] = id
            number += 1
        }
        return found.values.sorted()
    }

    private static func pay(_ installation: Installation, _ id: String) async throws -> API.Answer {
        try await API.post(
            installation.apiURL + "/generic-provider/credit-cards/pay",
            .object([
                "amount": .string("10.00"), "shopTransactionID": .string(id), "creditCardToken": .string("OK-1"),
            ]))
    }

    /// Makes another worker the owner of partitions whose calls are under way, and lets the provider answer then.
    private static func recordLate(
        _ ids: [String], _ course: Course, _ installation: Installation, _ workers: Workers
    ) async throws -> [Call] {
        try await JournalFollower.follow(installation) { journal in
            let areUnderWay = try await eventually(within: .seconds(30)) { ids.allSatisfy { Call($0, journal) != nil } }
            try #require(areUnderWay, "not every call was begun")
            let calls = ids.compactMap { Call($0, journal) }
            // It passes this place when it is given partitions, and when it owns the first of them.
            let successor = try await workers.start(course.successorDies ? ["PGM_CRASH_AT": "rebalance:2"] : [:])
            let isOwned = try await eventually(within: .seconds(40)) {
                let records = journal.records
                return calls.contains { records.contains(where: $0.isSuccession) }
                    && (!course.successorDies || !successor.isRunning)
            }
            try #require(isOwned, "no partition went to the second worker while calls were under way")
            installation.signalSandbox(SIGCONT)
            let areAnswered = try await eventually(within: .seconds(40)) {
                let records = journal.records
                return calls.allSatisfy { call in records.contains { call.isRecord($0, .settled) } }
            }
            try #require(areAnswered, "not every answer was recorded by the worker that made the call")
            let late = calls.filter { $0.isLate(in: journal.records) }
            try #require(!late.isEmpty, "no answer was recorded late")
            if course.successorDies {
                // Nothing else says what became of them.
                let isAlone = late.contains { call in
                    journal.records(of: call.id).allSatisfy { $0.key.writer == call.writer }
                }
                #expect(isAlone, "the second worker went on with every payment that it took over")
            }
            return calls
        }
    }

    /// What callers are told who ask once more.
    private static func answers(to ids: [String], _ installation: Installation) async throws -> [String: JSONValue] {
        var answers: [String: JSONValue] = [:]
        for id in ids {
            let isAnswered = try await eventually(within: .seconds(90)) {
                try await pay(installation, id).status == 200
            }
            try #require(isAnswered, "\(id) is not answered")
            answers[id] = try await pay(installation, id).body
        }
        return answers
    }

    /// Waits until the broker has removed what the answers belong to; no worker is there that could repair anything.
    private static func compact(_ calls: [Call], _ installation: Installation) async throws {
        // The embedded broker keeps everything.
        guard Installation.isOnCluster else { return }
        let producer = try KafkaProducer(
            configuration: installation.kafka(clientID: "late-answers"), logger: Logger(label: "late-answers"))
        let isCompacted = try await eventually(within: .seconds(90)) {
            try await roll(installation, producer)
            let records = try await JournalFollower.records(of: installation)
            return !calls.contains { call in records.contains { call.isRecord($0, .attempted) } }
        }
        await producer.close(within: .seconds(5))
        try #require(isCompacted, "the broker did not compact the journal")
        let records = try await JournalFollower.records(of: installation)
        for call in calls { #expect(records.contains { call.isRecord($0, .settled) }, "\(call.id) is gone") }
        #expect(calls.contains { $0.isLate(in: records) })
    }

    /// Appends a record that means nothing to each partition, so that the broker begins new segments: the first owner's
    /// epoch, told once more.
    private static func roll(_ installation: Installation, _ producer: KafkaProducer) async throws {
        let codec = MessageCodec(
            topics: TopicNames(prefix: installation.topicPrefix), source: "/pgm/late-answers", keys: .random())
        for partition in 0..<partitions {
            try await producer.send(
                codec.ownerRecord(
                    id: UUID().uuidString, epoch: 1, summary: JournalSummary(), of: JournalFollower.provider,
                    partition: partition))
        }
    }

    /// The `pay` is sent again: it is answered from the journal, and the provider has charged once.
    private static func expectReplay(
        of id: String, earlier: JSONValue?, _ installation: Installation
    ) async throws {
        let answer = try await pay(installation, id)
        #expect(answer.status == 200, "\(id): \(answer.text)")
        #expect(answer.headers["idempotent-replayed"] == "true", "\(id) is a new payment")
        #expect(answer.body["result"]?.stringValue == "OK")
        #expect(earlier == nil || earlier == answer.body, "\(id) got another answer before")
        let accounts = installation.sandboxURL + "/-/sandbox/generic-provider/__accounts?reference=" + id
        let account = try #require(try await API.get(accounts).body["accounts"]?.arrayValue?.first)
        #expect(account["timesCharged"]?.integerValue == 1, "\(id)")
        let payments = try #require(account["payments"]?.arrayValue)
        #expect(payments.count == 1, "\(id)")
        #expect(payments.first?["paymentID"] == answer.body["paymentID"], "\(id)")
    }
}

/// Workers of an installation, each with an empty directory for its journals' indexes.
private struct Workers: Sendable {
    private let installation: Installation
    private let running = Running()

    private actor Running {
        var all: [PGMProcess] = []
        func add(_ process: PGMProcess) { all.append(process) }
    }

    init(_ installation: Installation) { self.installation = installation }

    @discardableResult
    func start(_ extra: [String: String] = [:]) async throws -> PGMProcess {
        let settings = ["JOURNAL_DIRECTORY": try installation.emptyDirectory()]
        let process = try await installation.start("worker", extra: settings.merging(extra) { $1 })
        await running.add(process)
        return process
    }

    /// Starts a worker and waits until it has read the journals and joined the group.
    func startReady() async throws {
        let port = try await Installation.freePorts(1)[0]
        try await start(["ADMIN_PORT": "\(port)"])
        let url = "http://127.0.0.1:\(port)/-/ready"
        let installation = installation
        let isReady = try await eventually(within: .seconds(60)) { try await installation.answers(url) }
        guard isReady else { throw InstallationError(problem: "the worker is not ready") }
    }

    /// Ends every worker without any cleaning up.
    func killAll() async {
        for process in await running.all { process.send(SIGKILL) }
        for process in await running.all {
            _ = try? await eventually(within: .seconds(10)) { !process.isRunning }
        }
    }
}
