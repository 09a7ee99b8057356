import Foundation
import Shared
import Testing

/// How workers start with a journal that is new, and with one that they cannot read.
@Suite(.serialized)
struct JournalStartTests {
    static let readyLimit: Duration = .seconds(10)

    /// On a cluster every round makes topics of its own; the embedded broker makes them itself, so it is a new one each
    /// time.
    @Test(.timeLimit(.minutes(4)))
    func aWorkerIsReadyAtOnceWhenItsTopicsWereJustMade() async throws {
        guard Installation.isOnCluster else {
            for _ in 1...5 { try await withInstallation { try await Self.startNew($0) } }
            return
        }
        try await withInstallation { installation in
            for round in 1...5 {
                let settings = ["KAFKA_TOPIC_PREFIX": installation.topicPrefix + "\(round)."]
                let create = try await installation.start("topics", "create", extra: settings)
                #expect(try await eventually(within: .seconds(60)) { !create.isRunning })
                #expect(create.status == 0, "\(create.output)")
                try await Self.startNew(installation, settings)
            }
        }
    }

    /// Starts a worker, which must be ready soon, and stops it, which must not take long either.
    private static func startNew(_ installation: Installation, _ settings: [String: String] = [:]) async throws {
        let port = try await Installation.freePorts(1)[0]
        let begun = ContinuousClock.now
        let worker = try await installation.start("worker", extra: settings.merging(["ADMIN_PORT": "\(port)"]) { $1 })
        let url = "http://127.0.0.1:\(port)/-/ready"
        let isReady = try await eventually(within: .seconds(60)) { try await installation.answers(url) }
        let time = ContinuousClock.now - begun
        #expect(isReady && time < readyLimit, "ready after \(time):\n\(worker.output)")
        await worker.stop()
        #expect(worker.status == 0, "an idle worker stops at once")
    }

    @Test(.timeLimit(.minutes(3)))
    func aWorkerWithoutAKeyOfTheJournalDoesNotStartAndSaysWhich() async throws {
        let (old, new) = ("2025a:" + Self.key(), "2026a:" + Self.key())
        try await withInstallation(["PGM_ENCRYPTION_KEYS": old]) { installation in
            let before = WallClock.system.unixMilliseconds
            let workers = try await installation.startAll(workers: 1)
            let paid = try await API.post(
                installation.apiURL + "/generic-provider/credit-cards/pay",
                .object([
                    "amount": .string("5.00"), "shopTransactionID": .string("key-1"),
                    "creditCardToken": .string("OK-1"),
                ]))
            #expect(paid.status == 200)
            let after = WallClock.system.unixMilliseconds
            for worker in workers { await worker.stop() }

            let worker = try await installation.start("worker", extra: ["PGM_ENCRYPTION_KEYS": new])
            #expect(try await eventually(within: .seconds(30)) { !worker.isRunning })
            #expect(worker.status == 78, "\(worker.output)")
            let sentence = "PGM_ENCRYPTION_KEYS lacks keys that the journal needs: 2025a; `pgm doctor` says until when"
            #expect(worker.output.contains(sentence), "\(worker.output)")

            let doctor = try await installation.start("doctor", extra: ["PGM_ENCRYPTION_KEYS": new])
            #expect(try await eventually(within: .seconds(60)) { !doctor.isRunning })
            #expect(doctor.status == 1)
            let end = try Self.end("wrong", doctor, installation)
            #expect(end.rest == ", and is not in the ring")
            let retention = TopicPlan().journalRetention.components.seconds * 1000
            let range = [before, after].map { WallClock.rfc3339(unixMilliseconds: $0 + retention) }
            #expect(range[0] <= end.time && end.time <= range[1], "\(end.time) is not in \(range)")

            // With both keys everything is well again.
            let both = try await installation.start("doctor", extra: ["PGM_ENCRYPTION_KEYS": new + "," + old])
            #expect(try await eventually(within: .seconds(60)) { !both.isRunning })
            #expect(both.status == 0, "\(both.output)")
            #expect(try Self.end("ok   ", both, installation).rest.isEmpty)
        }
    }

    private static func key() -> String {
        Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
    }

    /// Until when the doctor says that the old key is needed, and what it says besides.
    private static func end(
        _ finding: String, _ doctor: PGMProcess, _ installation: Installation
    ) throws -> (time: String, rest: String) {
        let start =
            "\(finding)  encryption keys of \(installation.topicPrefix)journal.generic-provider: 2025a is needed until "
        let line = doctor.output.split(separator: "\n").first { $0.hasPrefix(start) }
        let text = try #require(line, "\(doctor.output)").dropFirst(start.count)
        return (String(text.prefix(24)), String(text.dropFirst(24)))
    }
}
