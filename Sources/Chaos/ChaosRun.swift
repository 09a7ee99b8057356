import Foundation

/// Load and trouble side by side, then quiet, then judgement.
struct ChaosRun: Sendable {
    let installation: Installation
    let shop: Shop
    let books: SandboxBooks
    let merchants: Int
    let steps: [ChaosStep]
    let options: TroubleOptions
    /// Orders to the provider that are in force all the time.
    let slowFaults: [ProviderFault]
    /// No step begins after it.
    let troubleEnd: ContinuousClock.Instant

    private static let warmUpMin: Duration = .seconds(2)
    private static let readyLimit: Duration = .seconds(90)
    private static let finishLimit: Duration = .seconds(90)

    /// What a run leaves to be reported.
    struct Result: Sendable {
        var steps: [StepResult]
        var records: [PaymentRecord]
        var verdict: Verdict
    }

    func run() async throws -> Result {
        async let _: Void = watchDeadLetters()
        let log = installation.settings.log("broker-commands")
        let maker = TroubleMaker(
            installation: installation, books: books,
            brokerCommands: [options.brokerStop, options.brokerStart].compactMap { $0 }
                .map { ShellCommand(text: $0, log: log) }
        ) { ChaosReport.show($0) }
        await orderSlowAnswers()
        async let load: Void = shop.run(merchants: merchants)
        let results: [StepResult]
        do {
            try await Task.sleep(for: max(Self.warmUpMin, .milliseconds(options.calmSeconds * 500)))
            results = try await maker.run(steps, until: troubleEnd)
            await orderSlowAnswers()
            try await Task.sleep(for: .seconds(options.calmSeconds))
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
        let judgement = Judgement(installation: installation, books: books, records: shop.records, steps: results)
        var verdict = try await judgement.verdict(longest: options.longestUntouched)
        if !isReady {
            verdict.violations.append(
                Violation(reference: "installation", rule: .stuckProcess, details: "not ready at the end"))
        }
        verdict.violations += await installation.processViolations()
        return Result(steps: results, records: shop.records, verdict: verdict)
    }

    /// Takes back what the provider was told to do wrong, and tells it to be slow again.
    private func orderSlowAnswers() async {
        await books.deleteFaults()
        for fault in slowFaults { await books.add(fault) }
    }

    /// Counts while it is not cancelled, since the counters of a killed process are gone.
    private func watchDeadLetters() async {
        while !Task.isCancelled {
            await installation.countDeadLetters()
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
