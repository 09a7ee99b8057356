import Foundation

/// Load and trouble side by side, then quiet, then judgement.
struct ChaosRun: Sendable {
    let installation: Installation
    let shop: Shop
    let books: SandboxBooks
    let merchants: Int
    let steps: [ChaosStep]
    /// No step begins after it.
    let troubleEnd: ContinuousClock.Instant

    private static let warmUp: Duration = .seconds(2)
    private static let readyLimit: Duration = .seconds(90)
    private static let finishLimit: Duration = .seconds(90)
    private static let notificationLimit: Duration = .seconds(90)
    private static let quietLimit: Duration = .seconds(30)

    /// What a run leaves to be reported.
    struct Result: Sendable {
        var steps: [StepResult]
        var records: [PaymentRecord]
        var notifications: Int
        var violations: [Violation]
    }

    func run() async throws -> Result {
        let maker = TroubleMaker(installation: installation, books: books) { ChaosReport.show($0) }
        async let load: Void = shop.run(merchants: merchants)
        let results: [StepResult]
        do {
            try await Task.sleep(for: Self.warmUp)
            results = try await maker.run(steps, until: troubleEnd)
        } catch {
            shop.close(givingUpAfter: .zero)
            await load
            throw error
        }
        await books.deleteFaults()
        shop.close(givingUpAfter: Self.finishLimit)
        let isReady = await installation.isReady(within: Self.readyLimit)
        await load
        ChaosReport.write("the load has ended, \(shop.records.count) payments; waiting for what is on its way")
        var violations = try await judge(shop.records)
        if !isReady {
            violations.append(
                Violation(reference: "installation", rule: .stuckProcess, details: "not ready at the end"))
        }
        violations += await installation.processViolations()
        return Result(
            steps: results, records: shop.records, notifications: await books.notifications(after: 0).count,
            violations: violations)
    }

    private func judge(_ records: [PaymentRecord]) async throws -> [Violation] {
        let notifications = await notifications(of: records)
        try await settle()
        guard let accounts = await books.accounts() else {
            return [Violation(reference: "simulator", rule: .unreadableBooks, details: "no page of accounts")]
        }
        let late = await books.notifications(after: notifications.last?.number ?? 0)
        let oracle = Oracle(records: records, accounts: accounts, notifications: notifications + late)
        let violations = oracle.violations()
        if !violations.isEmpty {
            let file = installation.settings.directory.appending(path: "evidence.txt")
            try Evidence(oracle: oracle, violations: violations).text.write(to: file, atomically: true, encoding: .utf8)
        }
        return violations
    }

    /// Waits until every payment is notified that must be, and lets the provider repeat callbacks nobody accepted.
    private func notifications(of records: [PaymentRecord]) async -> [ReceivedNotification] {
        let onPage = Set(records.filter(\.isPagePaid).compactMap { $0.success?.paymentID })
        var received: [ReceivedNotification] = []
        _ = await Waiting.until(Self.notificationLimit, every: .seconds(1)) {
            for id in onPage.subtracting(installation.relay.acceptedPayments) { await books.repeatCallback(id) }
            received += await books.notifications(after: received.last?.number ?? 0)
            await installation.restartWhatEnded()
            return NotificationOracle(records: records, notifications: received).missing().isEmpty
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
}
