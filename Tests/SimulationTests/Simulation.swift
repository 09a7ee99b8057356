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

    /// When the last trouble begins; afterwards everything is mended.
    static let troubleEnd: Duration = .seconds(35)
    /// Longest time until everything is settled; a clock that is minutes late makes calls of minutes.
    private var limit: Duration { settings.hasFalseClocks ? .seconds(1500) : .seconds(500) }

    let settings: Settings
    let world: World
    let broker: Broker
    let bank: Bank
    let shop: Shop
    let keys = KeyRings()
    let codec: MessageCodec
    let statistics = Statistics()
    let workerGroup: Group
    let notifierGroup: Group
    private(set) var workers: [SimulatedWorker] = []
    private(set) var notifier: SimulatedNotifier?
    private(set) var ingresses: [SimulatedIngress] = []
    private var dead: [SimulatedProcess] = []
    private var starts = 0

    init(seed: UInt64, _ settings: Settings) {
        self.settings = settings
        world = World(seed: seed)
        broker = Broker(world)
        bank = Bank(world, settings)
        shop = Shop(world, broker, settings, name: "shop")
        codec = keys.codec(isRotated: false)
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
        for slot in 0..<settings.workers { startWorker(slot) }
        startNotifier()
        for number in 0..<2 { startIngress(number) }
        shop.ingresses = { [unowned self] in ingresses }
        bank.onDecided = { [unowned self] in shop.decided($0) }
        broker.onLost { [unowned self] in workerGroup.lost($0, $1) }
        shop.open(settings.payments, within: 15_000)
        Troubles(self).plan()
        settle(notBefore: Self.troubleEnd + .seconds(12), "")
        if settings.hasDays, world.violations.isEmpty { passDays() }
        if world.violations.isEmpty { beginAnew() }
        let report = Report(
            seed: world.seed, violations: world.violations, events: world.events, crashes: statistics.crashes,
            redeliveries: statistics.redeliveries, trace: world.trace)
        end()
        return report
    }

    /// Runs until everything is settled, and judges.
    private func settle(notBefore time: Duration, _ phase: String) {
        let isOver = world.run(until: time + limit) { [unowned self] in world.now > time && isSettled }
        if !isOver { world.violate("\(phase)not settled in the end: " + unsettled) }
        let oracle = Oracle(self)
        oracle.judge()
        if let reference = Self.described, !world.violations.isEmpty { print(oracle.describe(reference)) }
    }

    /// Days pass in which nothing happens; what is old enough goes, and merchants come back.
    private func passDays() {
        world.skip(.seconds(Int64(world.pick(1...100)) * 86_400))
        broker.expire(journal: journalTopic)
        compactJournals(lag: .zero)
        if world.chance(0.5) { crash(worker: world.pick(0...(workers.count - 1))) }
        shop.comeBack()
        shop.open(2, within: 5000)
        settle(notBefore: world.now + .seconds(15), "after days: ")
    }

    /// All workers go, all that compaction may take goes, and one that knows nothing is asked for everything again.
    private func beginAnew() {
        for worker in workers where !worker.isDead { kill(worker) }
        compactJournals(lag: .zero)
        workers = []
        startWorker(0)
        for number in ingresses.indices where ingresses[number].isDead { startIngress(number) }
        shop.askForEverythingAgain()
        settle(notBefore: world.now + .seconds(4), "with empty disks: ")
    }

    /// Everything unwinds, so that nothing of one run is left when the next begins.
    private func end() {
        for process in allProcesses { process.crash() }
        let time = world.now + .seconds(60)
        _ = world.run(until: time) { [unowned self] in world.now >= time }
    }

    private var allProcesses: [SimulatedProcess] { workers + [notifier].compactMap(\.self) + ingresses + [shop] + dead }

    private var isSettled: Bool {
        shop.isDone && missing.isEmpty && notifier?.isQuiet == true
            && workers.allSatisfy {
                $0.isResponsive && $0.isQuiet && $0.journal.isReady && $0.journal.openCount == 0
            } && workers.reduce(0) { $0 + $1.ownedCount } == Int(settings.partitions)
    }

    /// Payments whose outcome the merchant must still be told.
    private var missing: [String] { Oracle(self).missingNotifications }

    private var unsettled: String {
        let open = workers.map {
            "\($0.name) quiet \($0.isQuiet) ready \($0.journal.isReady) open \($0.journal.openCount) \($0.standing)"
        }
        return "shop \(shop.isDone), missing \(missing), \(open), notifier \(notifier?.isQuiet ?? false)"
    }

    // MARK: - The journal

    var journalTopic: String { codec.topics.journal(of: Settings.provider) }

    var journals: [KafkaPartition] {
        (0..<settings.partitions).map { KafkaPartition(topic: journalTopic, partition: $0) }
    }

    func compactJournals(lag: Duration) { for place in journals { compact(place, lag: lag) } }

    func compact(_ journal: KafkaPartition, lag: Duration, before behind: Int64 = .max) {
        broker.compact(journal, lag: lag, before: behind) { settings.fault.compactionKey($0) }
    }

    /// A while after a log has lost its end somebody writes to it, so that who has read what is gone learns it.
    func writeOn(_ journal: KafkaPartition) {
        world.after(.seconds(3)) { [unowned self] in
            // More than it can have lost.
            for _ in 0..<3 {
                let record = codec.ownerRecord(
                    id: "owner.1.nobody.\(world.random())", epoch: 1, summary: JournalSummary(),
                    of: Settings.provider, partition: journal.partition)
                broker.store(record, wall: world.wall)
            }
        }
    }

    // MARK: - Processes

    private var startingCodec: MessageCodec {
        keys.codec(isRotated: settings.rotation.map { world.now >= $0 } ?? false)
    }

    private func startWorker(_ slot: Int) {
        starts += 1
        let worker = SimulatedWorker(
            world, broker, workerGroup, statistics, settings, name: "worker-\(slot)-\(starts)", codec: startingCodec,
            bank: bank)
        if workers.count > slot { workers[slot] = worker } else { workers.append(worker) }
        worker.start()
    }

    private func startNotifier() {
        starts += 1
        notifier = try? SimulatedNotifier(
            world, broker, notifierGroup, statistics, settings, name: "notifier-\(starts)", codec: startingCodec,
            shop: shop)
        notifier?.start()
    }

    private func startIngress(_ number: Int) {
        starts += 1
        let ingress = SimulatedIngress(
            world, broker, settings, codec: startingCodec, number: Int32(number), generation: starts)
        if ingresses.count > number { ingresses[number] = ingress } else { ingresses.append(ingress) }
    }

    func crash(worker slot: Int) {
        guard workers.indices.contains(slot), !workers[slot].isDead else { return }
        kill(workers[slot])
        let starts = starts
        world.after(world.milliseconds(300...9000)) { [unowned self] in
            if workers.indices.contains(slot), workers[slot].isDead, starts <= self.starts { startWorker(slot) }
        }
    }

    func crashNotifier() {
        guard let old = notifier, !old.isDead else { return }
        kill(old)
        world.after(world.milliseconds(300...5000)) { [unowned self] in startNotifier() }
    }

    func crash(ingress number: Int) {
        guard !ingresses[number].isDead else { return }
        kill(ingresses[number])
        world.after(world.milliseconds(300...5000)) { [unowned self] in
            if ingresses[number].isDead { startIngress(number) }
        }
    }

    private func kill(_ process: SimulatedProcess) {
        process.crash()
        dead.append(process)
        statistics.crashes += 1
    }

    func freeze(_ process: SimulatedProcess, _ time: Duration) {
        guard !process.isDead, !process.isFrozen else { return }
        process.freeze()
        world.after(time) { process.thaw() }
    }
}
