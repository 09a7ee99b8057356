import ArgumentParser
import Foundation

/// `pgm-chaos`: kills the parts of a real installation under load and compares the provider's accounts with what
/// merchants were told.
@main
struct Chaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgm-chaos",
        abstract: "Kills processes of an installation under load; no payment may be lost or made twice.",
        discussion: """
            Starts broker, simulators, two ingresses, two workers and a notifier beside this executable's `pgm`,
            plays payments as merchants do, kills, freezes and stops processes, and then asks the simulated provider,
            which is never touched, what it did. Any violation is printed and fails the run; then logs are kept, and
            beside them evidence.txt, with all that was sent, answered, booked and notified about the payments
            concerned. KAFKA_BOOTSTRAP_SERVERS names a broker to use instead of the embedded one, which forgets its
            oldest records past about 5 MB in a partition, never compacts them, and is for short runs only.
            """)

    @Option(help: "Kills, freezes and stops of processes; broker outages and provider faults come on top.")
    var kills = 20

    @Option(help: "Decides everything random; a random one when absent.")
    var seed: UInt64?

    @Option(help: "Begins with this step of the plan that the seed and --kills make.")
    var fromStep = 1

    @Option(help: "Merchants, of whom each has one payment at a time.")
    var merchants = 16

    @Option(help: "Share of payments that are sent with an Idempotency-Key.")
    var idempotencyKeys = 0.5

    @Option(help: "Share of payments that are sent again after they were answered.")
    var replays = 0.2

    @Option(help: "Seconds after which the run is given up; its last part is kept for finishing and judging.")
    var secondsMax = 3_600

    @Option(help: "Rounds behind the plan: a payment and a refund sent 50 times at once, while processes die.")
    var bursts = 1

    @Flag(help: "Nothing but the rounds of --bursts.")
    var burst = false

    @Flag(help: "Workers are static members of their group: one that comes back in time keeps its partitions.")
    var staticMembership = false

    @OptionGroup var trouble: TroubleOptions

    @Option(help: "Log level of the processes, error or below it.")
    var logLevel = "info"

    @Option(help: "Another setting of the processes, NAME=VALUE; may be repeated.")
    var setting: [String] = []

    @Flag(help: "Keep the logs of a run without violations too.")
    var keepLogs = false

    func validate() throws {
        guard (1...100_000).contains(kills), fromStep > 0, (1...512).contains(merchants),
            (0...1).contains(idempotencyKeys), (0...1).contains(replays), (60...86_400).contains(secondsMax),
            (0...1_000).contains(bursts), setting.allSatisfy({ $0.dropFirst().contains("=") })
        else { throw ValidationError("an option is out of range") }
        if setting.contains(where: { $0.hasPrefix(Recovery.setting + "=") }) {
            throw ValidationError("\(Recovery.setting) is what --recovery says")
        }
        let needsAnotherBroker = trouble.brokerStop != nil || !trouble.journalSetting.isEmpty
        if InstallationSettings.hasOwnBroker, needsAnotherBroker {
            throw ValidationError("--broker-stop and --journal-setting are for a broker of KAFKA_BOOTSTRAP_SERVERS")
        }
        // What becomes a dead letter is looked for in the logs.
        if logLevel == "critical" { throw ValidationError("--log-level: errors must be logged") }
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 1...999_999)
        let hasOwnBroker = InstallationSettings.hasOwnBroker
        let plan = ChaosPlan(seed: seed, kills: kills, options: trouble.planOptions(hasOwnBroker: hasOwnBroker))
        guard fromStep <= plan.steps.count else {
            throw ValidationError("--from-step: the plan has \(plan.steps.count) steps")
        }
        let phases = Phase.phases(of: Array(plan.steps.dropFirst(fromStep - 1)), ways: trouble.recovery.ways)
        let end = ContinuousClock.now + .seconds(secondsMax)
        var reports: [ChaosReport] = []
        var isClean = true
        for (index, phase) in phases.enumerated() where burst || !phase.steps.isEmpty {
            let left = end - .now
            let (report, isPhaseClean) = try await run(phase, seed, within: left / (phases.count - index))
            if let report { reports.append(report) }
            isClean = isClean && isPhaseClean
        }
        if !burst { ChaosReport.close(reports) }
        if let last = reports.last?.steps.last?.number, last < plan.steps.count {
            ChaosReport.write(
                "ended by --seconds-max; go on with --seed \(seed) --kills \(kills) --from-step \(last + 1)")
        }
        if !isClean { throw ExitCode(1) }
    }

    /// Goes through one part of a run with an installation of its own.
    private func run(
        _ phase: Phase, _ seed: UInt64, within limit: Duration
    ) async throws -> (report: ChaosReport?, isClean: Bool) {
        var random = SeededGenerator(seed: seed, stream: 1)
        let settings = try await InstallationSettings(
            InstallationOptions(
                recovery: phase.recovery, latencyMilliseconds: Int.random(in: 50...200, using: &random),
                providerTimeoutSeconds: trouble.providerTimeoutSeconds,
                requestTimeoutSeconds: trouble.requestTimeoutSeconds, logLevel: logLevel,
                hasStaticMembers: staticMembership, journalSettings: trouble.journalSettings, extra: extraSettings))
        ChaosReport.write("seed \(seed), recovery by \(phase.recovery.rawValue); logs in \(settings.directory.path)")
        let installation = try await Installation.start(settings)
        do {
            let result = try await withLimit(limit) {
                let report = burst ? nil : try await runPlan(phase, seed, installation, within: limit)
                let areBurstsClean = try await runBursts(seed, installation)
                return (report, areBurstsClean && report?.verdict.violations.isEmpty != false)
            }
            await installation.stop(keepingLogs: keepLogs || !result.1)
            return result
        } catch {
            await installation.stop(keepingLogs: true)
            throw error
        }
    }

    private var extraSettings: [String: String] {
        let pairs = setting.map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
        return Dictionary(pairs.map { (String($0[0]), String($0[1])) }, uniquingKeysWith: { $1 })
    }

    /// Runs until it ends or the time is up, which is a failure.
    private func withLimit<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let late = ChaosError(problem: "\(Violation.Rule.notInTime.rawValue): more than \(DurationText.of(limit))")
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw late
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw late }
            return value
        }
    }

    private func runPlan(
        _ phase: Phase, _ seed: UInt64, _ installation: Installation, within limit: Duration
    ) async throws -> ChaosReport {
        let settings = installation.settings
        let shop = Shop(
            client: installation.client, ingressURLs: settings.ingressURLs, seed: seed,
            shares: .init(keys: idempotencyKeys, replays: replays, waiting: trouble.waitingMerchants),
            firstPayment: phase.firstPayment)
        // Finishing and judging need at most so much.
        let reserve = min(.seconds(Judgement.secondsMax + 150 + 60 * bursts), limit / 2)
        let run = ChaosRun(
            installation: installation, shop: shop,
            books: SandboxBooks(client: installation.client, sandboxURL: settings.sandboxURL), merchants: merchants,
            steps: phase.steps, options: trouble, slowFaults: trouble.slowFaults(phase.recovery),
            troubleEnd: .now + limit - reserve)
        let result = try await run.run()
        let report = ChaosReport(
            seed: seed, broker: brokerName(settings), recovery: phase.recovery, steps: result.steps,
            records: result.records, requests: installation.client.sent, callbacks: installation.relay.passedOn,
            verdict: result.verdict)
        report.show()
        return report
    }

    private func runBursts(_ seed: UInt64, _ installation: Installation) async throws -> Bool {
        guard bursts > 0 else { return true }
        let settings = installation.settings
        let books = SandboxBooks(client: installation.client, sandboxURL: settings.sandboxURL)
        let burst = Burst(installation: installation, books: books, seed: seed, emptyDisks: trouble.emptyDisks)
        var violations: [Violation] = []
        for round in 1...bursts { violations += try await burst.run(round: round) }
        violations += await installation.processViolations()
        ChaosReport.show(violations)
        ChaosReport.write("chaos: \(bursts) bursts, seed \(seed), \(violations.count) violations")
        return violations.isEmpty
    }

    private func brokerName(_ settings: InstallationSettings) -> String {
        settings.hasOwnBroker ? "embedded broker" : "external Kafka"
    }
}
