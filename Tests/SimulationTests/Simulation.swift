import Foundation
import Providers
import Shared

@testable import Worker

/// One run of a whole installation, with everything that goes wrong in it decided by a seed.
///
/// Sendable: used by its world's thread only.
final class Simulation: @unchecked Sendable {
    /// What came of a run.
    struct Report: Sendable {
        var seed: UInt64
        var violations: [String]
        var events: Int
        var crashes: Int
        var redeliveries: Int
        var trace: UInt64
    }

    /// A payment whose records are printed after a run that went wrong.
    private static let described = ProcessInfo.processInfo.environment["PGM_SIMULATION_DESCRIBE"]

    private static let keys = SealingKeyRing.random()
    /// When the last trouble begins; afterwards everything is mended.
    static let troubleEnd: Duration = .seconds(35)
    static let limit: Duration = .seconds(500)

    let settings: Settings
    let world: World
    let broker: Broker
    let bank: Bank
    let shop: Shop
    let codec = MessageCodec(topics: TopicNames(prefix: ""), source: "/simulation", keys: keys)
    let statistics = Statistics()
    let workerGroup: Group
    let notifierGroup: Group
    private(set) var workers: [SimulatedWorker] = []
    private var indexes: [MemoryJournalIndex] = []
    private(set) var notifier: SimulatedNotifier?
    private var ingresses: [SimulatedIngress] = []
    private var dead: [SimulatedProcess] = []
    private var starts = 0

    init(seed: UInt64, _ settings: Settings) {
        self.settings = settings
        world = World(seed: seed)
        broker = Broker(world)
        bank = Bank(world)
        shop = Shop(world, broker, name: "shop")
        workerGroup = Group(
            world, topic: codec.topics.commands(of: Settings.provider), partitions: settings.partitions)
        notifierGroup = Group(world, topic: codec.topics.results, partitions: 1)
    }

    /// Runs a seed to its end.
    static func run(seed: UInt64, _ settings: Settings) -> Report {
        let simulation = Simulation(seed: seed, settings)
        return simulation.run()
    }

    private func run() -> Report {
        for slot in 0..<settings.workers {
            indexes.append(MemoryJournalIndex())
            startWorker(slot)
        }
        startNotifier()
        for number in 0..<2 { startIngress(number) }
        shop.ingresses = { [unowned self] in ingresses }
        bank.onDecided = { [unowned self] in shop.decided($0) }
        shop.open(settings.payments)
        plan()
        let isOver = world.run(until: Self.limit) { [unowned self] in isSettled }
        if !isOver { world.violate("not settled in the end: " + unsettled) }
        let oracle = Oracle(self)
        oracle.judge()
        if let reference = Self.described, !world.violations.isEmpty { print(oracle.describe(reference)) }
        let report = Report(
            seed: world.seed, violations: world.violations, events: world.events, crashes: statistics.crashes,
            redeliveries: statistics.redeliveries, trace: world.trace)
        end()
        return report
    }

    /// Everything unwinds, so that nothing of one run is left when the next begins.
    private func end() {
        for process in allProcesses { process.crash() }
        let time = world.now + .seconds(60)
        _ = world.run(until: time) { [unowned self] in world.now >= time }
    }

    private var allProcesses: [SimulatedProcess] { workers + [notifier].compactMap(\.self) + ingresses + [shop] + dead }

    private var isSettled: Bool {
        world.now > Self.troubleEnd + .seconds(12) && shop.isDone && shop.missing.isEmpty
            && workers.allSatisfy { $0.isCaughtUp && $0.isQuiet && $0.journal.isReady && $0.journal.openCount == 0 }
            && notifier?.isQuiet == true
    }

    private var unsettled: String {
        let open = workers.map {
            "\($0.name) quiet \($0.isQuiet) ready \($0.journal.isReady) open \($0.journal.openCount)"
        }
        return "shop \(shop.isDone), missing \(shop.missing), \(open), notifier \(notifier?.isQuiet ?? false)"
    }

    // MARK: - Processes

    private func startWorker(_ slot: Int) {
        starts += 1
        let worker = SimulatedWorker(
            world, broker, workerGroup, statistics, name: "worker-\(slot)-\(starts)", settings: settings, codec: codec,
            bank: bank, index: indexes[slot])
        if workers.count > slot { workers[slot] = worker } else { workers.append(worker) }
        worker.start()
    }

    private func startNotifier() {
        starts += 1
        notifier = try? SimulatedNotifier(
            world, broker, notifierGroup, statistics, name: "notifier-\(starts)", codec: codec, shop: shop)
        notifier?.start()
    }

    private func startIngress(_ number: Int) {
        starts += 1
        let ingress = SimulatedIngress(world, broker, codec: codec, number: Int32(number), generation: starts)
        if ingresses.count > number { ingresses[number] = ingress } else { ingresses.append(ingress) }
    }

    // MARK: - Trouble

    private enum Trouble: CaseIterable {
        case crashWorker, freezeWorker, cutWorker, brokerDown, crashNotifier, freezeNotifier, crashIngress
        case badProvider, forgetCommits, compaction, longFreeze
    }

    private func plan() {
        // Every run has a crash and a redelivery; the rest is chance.
        later { [unowned self] in crashWorker() }
        world.after(.seconds(20)) { [unowned self] in workerGroup.forgetCommits() }
        for _ in 0..<settings.troubles {
            let trouble = Trouble.allCases[world.pick(0...(Trouble.allCases.count - 1))]
            later { [unowned self] in cause(trouble) }
        }
        for partition in 0..<settings.partitions {
            let journal = KafkaPartition(topic: codec.topics.journal(of: Settings.provider), partition: partition)
            world.after(.seconds(90)) { [unowned self] in broker.compact(journal) }
        }
    }

    private func later(_ action: @escaping () -> Void) {
        world.after(world.milliseconds(500...Int(Self.troubleEnd / .milliseconds(1))), action)
    }

    private func cause(_ trouble: Trouble) {
        switch trouble {
        case .crashWorker: crashWorker()
        case .freezeWorker: freeze(workers[world.pick(0...(workers.count - 1))], world.milliseconds(500...12_000))
        case .longFreeze: freeze(workers[world.pick(0...(workers.count - 1))], world.milliseconds(7000...30_000))
        case .cutWorker:
            let worker = workers[world.pick(0...(workers.count - 1))]
            worker.isCutOff = true
            world.after(world.milliseconds(500...15_000)) { worker.isCutOff = false }
        case .brokerDown:
            broker.isDown = true
            world.after(world.milliseconds(300...5000)) { [unowned self] in broker.isDown = false }
        case .crashNotifier:
            guard let old = notifier, !old.isDead else { return }
            kill(old)
            world.after(world.milliseconds(300...5000)) { [unowned self] in startNotifier() }
        case .freezeNotifier:
            if let notifier { freeze(notifier, world.milliseconds(500...12_000)) }
        case .crashIngress:
            let number = world.pick(0...1)
            guard !ingresses[number].isDead else { return }
            kill(ingresses[number])
            world.after(world.milliseconds(300...5000)) { [unowned self] in startIngress(number) }
        case .badProvider: bank.troubleUntil = world.now + world.milliseconds(1000...8000)
        case .forgetCommits: workerGroup.forgetCommits()
        case .compaction:
            for partition in 0..<settings.partitions {
                broker.compact(
                    KafkaPartition(topic: codec.topics.journal(of: Settings.provider), partition: partition))
            }
        }
    }

    private func crashWorker() {
        let slot = world.pick(0...(workers.count - 1))
        guard !workers[slot].isDead else { return }
        kill(workers[slot])
        if world.chance(0.3) { indexes[slot] = MemoryJournalIndex() }
        world.after(world.milliseconds(300...9000)) { [unowned self] in startWorker(slot) }
    }

    private func kill(_ process: SimulatedProcess) {
        process.crash()
        dead.append(process)
        statistics.crashes += 1
    }

    private func freeze(_ process: SimulatedProcess, _ time: Duration) {
        guard !process.isDead, !process.isFrozen else { return }
        process.freeze()
        world.after(time) { process.thaw() }
    }
}
