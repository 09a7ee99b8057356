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
            oldest records past about 5 MB in a partition and is for short runs only.
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

    @Option(help: "Log level of the processes.")
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
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 1...999_999)
        var random = SeededGenerator(seed: seed, stream: 1)
        let settings = try await InstallationSettings(
            latencyMilliseconds: Int.random(in: 50...200, using: &random), logLevel: logLevel,
            hasStaticMembers: staticMembership, extra: extraSettings)
        ChaosReport.write("seed \(seed); logs in \(settings.directory.path)")
        let installation = try await Installation.start(settings)
        do {
            let isClean = try await withLimit {
                let isPlanClean = burst ? true : try await runPlan(seed, installation)
                let areBurstsClean = try await runBursts(seed, installation)
                return isPlanClean && areBurstsClean
            }
            await installation.stop(keepingLogs: keepLogs || !isClean)
            if !isClean { throw ExitCode(1) }
        } catch let code as ExitCode {
            throw code
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
    private func withLimit(_ work: @escaping @Sendable () async throws -> Bool) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: .seconds(secondsMax))
                throw ChaosError(problem: "\(Violation.Rule.notInTime.rawValue): more than \(secondsMax) s")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }

    private func runPlan(_ seed: UInt64, _ installation: Installation) async throws -> Bool {
        let settings = installation.settings
        let plan = ChaosPlan(seed: seed, kills: kills, hasOwnBroker: settings.hasOwnBroker)
        let shop = Shop(
            client: installation.client, ingressURLs: settings.ingressURLs, seed: seed,
            shares: .init(keys: idempotencyKeys, replays: replays))
        guard fromStep <= plan.steps.count else {
            throw ValidationError("--from-step: the plan has \(plan.steps.count) steps")
        }
        // Finishing and judging need at most so much.
        let reserve = min(300 + 60 * bursts, secondsMax / 2)
        let run = ChaosRun(
            installation: installation, shop: shop,
            books: SandboxBooks(client: installation.client, sandboxURL: settings.sandboxURL), merchants: merchants,
            steps: Array(plan.steps.dropFirst(fromStep - 1)),
            troubleEnd: .now + .seconds(secondsMax - reserve))
        let result = try await run.run()
        ChaosReport(
            seed: seed, broker: brokerName(settings), steps: result.steps, records: result.records,
            requests: installation.client.sent, notifications: result.notifications,
            callbacks: installation.relay.passedOn, violations: result.violations
        ).show()
        if let last = result.steps.last?.number, last < plan.steps.count {
            ChaosReport.write(
                "ended by --seconds-max; go on with --seed \(seed) --kills \(kills) --from-step \(last + 1)")
        }
        return result.violations.isEmpty
    }

    private func runBursts(_ seed: UInt64, _ installation: Installation) async throws -> Bool {
        guard bursts > 0 else { return true }
        let settings = installation.settings
        let books = SandboxBooks(client: installation.client, sandboxURL: settings.sandboxURL)
        let burst = Burst(installation: installation, books: books, seed: seed)
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
