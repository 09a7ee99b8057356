import Foundation
import NIOHTTP1

/// What came of a run.
struct Verdict: Sendable {
    var violations: [Violation] = []
    var notifications = 0
    /// Nil when trouble was everywhere.
    var durations: DurationOracle.Summary?
}

/// Waits until an installation is quiet, then asks everybody who knows something, and judges.
struct Judgement: Sendable {
    let installation: Installation
    let books: SandboxBooks
    let records: [PaymentRecord]
    let steps: [StepResult]

    private static let notificationLimit: Duration = .seconds(90)
    private static let quietLimit: Duration = .seconds(30)
    /// Longer than the longest delay between two attempts at clearing an effect up, with the attempt.
    private static let openEffectsLimit: Duration = .seconds(150)
    private static let commandLimit: Duration = .seconds(60)
    private static let statusRepeats = 5

    /// How long all of it may take.
    static let secondsMax = 300

    func verdict(longest: Duration) async throws -> Verdict {
        var violations = try await openEffects()
        let notifications = await awaitNotifications()
        try await settle()
        guard let accounts = await books.accounts() else {
            return Verdict(violations: [
                Violation(reference: "simulator", rule: .unreadableBooks, details: "no page of accounts")
            ])
        }
        let all = notifications + (await books.notifications(after: notifications.last?.number ?? 0))
        let durations = DurationOracle(
            records: records, windows: DurationOracle.windows(of: steps), limit: longest)
        let oracle = Oracle(records: records, accounts: accounts, notifications: all)
        violations += oracle.violations()
        violations += OrderOracle(records: records, notifications: all).violations()
        violations += SilenceOracle(
            records: records, accounts: accounts, notifications: all, statuses: await statuses()
        ).violations()
        violations += durations.violations()
        violations += await deadLetters()
        if !violations.isEmpty {
            let file = installation.settings.directory.appending(path: "evidence.txt")
            try Evidence(oracle: oracle, violations: violations).text.write(to: file, atomically: true, encoding: .utf8)
        }
        return Verdict(violations: violations, notifications: all.count, durations: durations.summary)
    }

    /// Asks the product for effects of unknown outcome, again and again while there are some.
    private func openEffects() async throws -> [Violation] {
        let command = ["payments", "unknown", "--all"]
        let limit = ContinuousClock.now + Self.openEffectsLimit
        while true {
            await installation.restartWhatEnded()
            let printed = try await installation.output(of: command, named: "unknown", within: Self.commandLimit)
            let effects = printed.flatMap { OpenEffects(printed: $0) }
            if let effects, effects.lines.isEmpty { return [] }
            guard ContinuousClock.now < limit, !Task.isCancelled else {
                let unreadable = Violation(
                    reference: "pgm payments unknown", rule: .openEffect, details: "the command did not answer")
                return effects?.violations ?? [unreadable]
            }
            try await Task.sleep(for: .seconds(2))
        }
    }

    /// Waits until every payment is notified that must be, and lets the provider repeat callbacks nobody accepted.
    private func awaitNotifications() async -> [ReceivedNotification] {
        let onPage = Set(records.filter(\.isPagePaid).compactMap { $0.success?.paymentID })
        let silent = records.filter { $0.silence == .unknownOutcome }
        var received: [ReceivedNotification] = []
        var accounts = Accounts()
        _ = await Waiting.until(Self.notificationLimit, every: .seconds(1)) {
            for id in onPage.subtracting(installation.relay.acceptedPayments) { await books.repeatCallback(id) }
            received += await books.notifications(after: received.last?.number ?? 0)
            await installation.restartWhatEnded()
            for reference in silent.map(\.script.reference) where accounts.byReference[reference] == nil {
                accounts.byReference[reference] = await books.accounts(of: reference)?.byReference[reference]
            }
            return NotificationOracle(records: records, notifications: received).missing().isEmpty
                && SilenceOracle(records: silent, accounts: accounts, notifications: received).missing().isEmpty
        }
        return received
    }

    /// Waits until the provider's books stand still: a command that was left over may still have its effect.
    private func settle() async throws {
        var last = ""
        var sameSince = ContinuousClock.now
        _ = await Waiting.until(Self.quietLimit, every: .milliseconds(500)) {
            let now = await books.totalsText()
            if now != last { (last, sameSince) = (now, .now) }
            return .now - sameSince > .seconds(5)
        }
        try Task.checkCancellation()
    }

    /// What the product says of the payments whose merchants were told nothing.
    private func statuses() async -> [String: Told] {
        var result: [String: Told] = [:]
        for record in records where record.silence != nil {
            let reference = record.script.reference
            for turn in 0..<Self.statusRepeats {
                let ingresses = installation.settings.ingressURLs
                let url = ingresses[turn % ingresses.count] + "/generic-provider/status?shopTransactionId=" + reference
                let askedAt = Date()
                let outcome = await installation.client.send(.GET, url)
                if case .answer(200, let bytes) = outcome {
                    result[reference] = Told(status: bytes, paymentID: nil, askedAt: askedAt)
                }
                if outcome.isAnswer(200) || outcome.isAnswer(404) { break }
            }
        }
        return result
    }

    private func deadLetters() async -> [Violation] {
        await installation.countDeadLetters()
        let lines = RoleSlot.allCases.flatMap { slot in
            let log = try? String(contentsOf: installation.settings.log(slot.name), encoding: .utf8)
            return DeadLetters.lines(inLog: log ?? "")
        }
        return DeadLetters.violations(lines: lines, counted: await installation.deadLetterCount)
    }
}
