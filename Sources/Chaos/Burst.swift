import Foundation
import NIOHTTP1

/// The same request with one `Idempotency-Key`, 50 times at once, while those who work on it are killed.
struct Burst: Sendable {
    let installation: Installation
    let books: SandboxBooks
    let seed: UInt64
    /// Share of killed workers that begin again with an empty disk.
    let emptyDisks: Double

    private static let copies = 50
    private static let answerLimit: Duration = .seconds(120)
    private static let readyLimit: Duration = .seconds(90)
    /// Longer than the two kills take, shorter than a worker waits for the provider.
    private static let latencyMilliseconds = 3_000

    /// What is sent, and how the provider calls it.
    private struct Phase: Sendable {
        var name: String
        var path: String
        var body: String
        var key: String
        var operation: String
    }

    /// What the copies of one request were answered.
    private struct Answers: Sendable {
        /// Answers 200 as they came.
        var bodies: [[UInt8]] = []
        /// Copies that got another answer first, with their repeats.
        var repeated = 0
        var violations: [Violation] = []
    }

    /// A payment and its refund; both are judged after each phase.
    func run(round: Int) async throws -> [Violation] {
        let reference = "b\(String(seed, radix: 36))-\(round)"
        let pay = Phase(
            name: "pay", path: "/generic-provider/credit-cards/pay",
            body: #"{"amount":"20.00","shopTransactionID":"\#(reference)","creditCardToken":"OK-1"}"#,
            key: reference + "-pay", operation: "create")
        let refund = Phase(
            name: "refund", path: "/generic-provider/credit-cards/refund",
            body: #"{"amount":"5.00","shopTransactionID":"\#(reference)"}"#, key: reference + "-refund",
            operation: "refund")
        var violations = try await run(pay, reference, round: round, stream: 1)
        violations += try await run(refund, reference, round: round, stream: 2)
        return violations
    }

    private func run(_ phase: Phase, _ reference: String, round: Int, stream: Int) async throws -> [Violation] {
        var random = SeededGenerator(seed: seed, stream: UInt64(round * 2 + stream))
        var latency = ProviderFault(
            operation: phase.operation, kind: "latency", afterEffect: Bool.random(using: &random), count: 1,
            milliseconds: Self.latencyMilliseconds)
        latency.reference = reference
        await books.add(latency)
        async let answers = send(phase, reference)
        try await killInTheMiddle(&random)
        let isReady = await installation.isReady(within: Self.readyLimit)
        let result = await answers
        await books.deleteFaults()
        var violations = result.violations
        if !isReady {
            violations.append(Violation(reference: reference, rule: .stuckProcess, details: "not ready after a burst"))
        }
        if Set(result.bodies).count > 1 {
            let texts = Set(result.bodies).map { String(decoding: $0, as: UTF8.self) }.sorted()
            violations.append(
                Violation(
                    reference: reference, rule: .otherAnswer,
                    details: "\(phase.name): \(texts.count) answers: \(texts.prefix(3).joined(separator: " "))"))
        }
        violations += await judge(phase, reference)
        ChaosReport.write(
            "burst \(round), \(phase.name): \(result.bodies.count) of \(Self.copies) answered 200, "
                + "\(result.repeated) of them repeated first; \(violations.count) violations")
        return violations
    }

    /// Kills an ingress and, since nobody outside knows the owner, one worker after the other.
    private func killInTheMiddle(_ random: inout SeededGenerator) async throws {
        var victims = RoleSlot.workers.shuffled(using: &random)
        victims.insert(
            RoleSlot.ingresses[Int.random(in: 0...1, using: &random)], at: Int.random(in: 0...1, using: &random))
        _ = await Waiting.until(.seconds(2), every: .milliseconds(5)) { installation.client.inFlight == Self.copies }
        for slot in victims {
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...600, using: &random)))
            await installation.process(slot)?.end()
            if slot.role == .worker, random.isChosen(emptyDisks) { try await installation.emptyDisk(of: slot) }
            try await installation.start(slot)
        }
    }

    private func send(_ phase: Phase, _ reference: String) async -> Answers {
        await withTaskGroup(of: Answers.self) { group in
            for copy in 0..<Self.copies {
                group.addTask { await sendUntilAnswered(phase, reference, copy: copy) }
            }
            var all = Answers()
            for await one in group {
                all.bodies += one.bodies
                all.repeated += one.repeated
                all.violations += one.violations
            }
            return all
        }
    }

    private func sendUntilAnswered(_ phase: Phase, _ reference: String, copy: Int) async -> Answers {
        var answers = Answers()
        let ingresses = installation.settings.ingressURLs
        let limit = ContinuousClock.now + Self.answerLimit
        var last = "not sent"
        var turn = copy
        while ContinuousClock.now < limit, !Task.isCancelled {
            let url = ingresses[turn % ingresses.count] + phase.path
            let outcome = await installation.client.command(.POST, url, body: phase.body, key: phase.key)
            last = outcome.text
            switch outcome {
            case .answer(200, let bytes):
                answers.bodies.append(bytes)
                if PaymentAnswer(bytes)?.result != "OK" {
                    answers.violations.append(
                        Violation(reference: reference, rule: .unexpectedAnswer, details: "\(phase.name): \(last)"))
                }
                return answers
            case .answer(409, _), .answer(429, _), .answer(502...504, _), .failure: break
            case .answer:
                answers.violations.append(
                    Violation(reference: reference, rule: .unexpectedAnswer, details: "\(phase.name): \(last)"))
                return answers
            }
            answers.repeated = 1
            turn += 1
            try? await Task.sleep(for: .milliseconds(200 + copy * 10))
        }
        answers.violations.append(
            Violation(reference: reference, rule: .noFinalAnswer, details: "\(phase.name): \(last)"))
        return answers
    }

    /// One charge of the whole amount, and behind the refund one refund of its part.
    private func judge(_ phase: Phase, _ reference: String) async -> [Violation] {
        // What is left over in the topics of repeats has its effect, if any, about now.
        try? await Task.sleep(for: .seconds(3))
        guard let account = await books.accounts(of: reference)?.byReference[reference] else {
            return [Violation(reference: reference, rule: .notCharged, details: "no account")]
        }
        var violations: [Violation] = []
        let (charged, payments) = (account.timesCharged, account.payments.count)
        if charged != 1 || payments != 1 {
            let details = "\(phase.name): charged \(charged) times in \(payments) payments"
            violations.append(
                Violation(reference: reference, rule: charged == 0 ? .notCharged : .chargedAgain, details: details))
        }
        let refunds = account.payments.reduce(0) { $0 + $1.refundCount }
        let wanted = phase.operation == "refund" ? 1 : 0
        if refunds != wanted {
            violations.append(
                Violation(
                    reference: reference, rule: .wrongRefunds, details: "\(refunds) refunds instead of \(wanted)"))
        }
        return violations
    }
}
