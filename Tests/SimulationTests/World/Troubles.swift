import Shared

@testable import Worker

/// What goes wrong in a run, and when.
struct Troubles {
    private enum Trouble: CaseIterable {
        case crashWorker, freezeWorker, longFreeze, cutWorker, brokerDown, crashNotifier, freezeNotifier, crashIngress
        case badProvider, forgetCommits, leaderChange, producerFailure, move, loseJournal, loseCommands
    }

    private let simulation: Simulation
    private let world: World
    private let settings: Settings

    init(_ simulation: Simulation) {
        self.simulation = simulation
        world = simulation.world
        settings = simulation.settings
    }

    /// Every run has a crash and a redelivery; the rest is chance.
    func plan() {
        later { simulation.crash(worker: anyWorker) }
        world.after(.seconds(20)) { [simulation] in simulation.workerGroup.forgetCommits() }
        for _ in 0..<settings.troubles {
            let trouble = Trouble.allCases[world.pick(0...(Trouble.allCases.count - 1))]
            later { cause(trouble) }
        }
        for _ in 0..<2 where world.chance(0.2) { later { failProducer() } }
        compactRegularly()
        simulation.bank.onSlow = { [self] in outliveDrain() }
    }

    private func later(_ action: @escaping () -> Void) {
        world.after(world.milliseconds(500...Int(Simulation.troubleEnd / .milliseconds(1))), action)
    }

    private var anyWorker: Int { world.pick(0...(simulation.workers.count - 1)) }

    /// Compaction comes at any time, and ends anywhere.
    private func compactRegularly() {
        let place = simulation.journals[world.pick(0...(simulation.journals.count - 1))]
        let isWhole = world.chance(0.5)
        let pause = settings.compactionLag == .zero ? 200...2500 : 2000...9000
        world.after(world.milliseconds(pause)) {
            let (start, end) = (Int(simulation.broker.start(of: place)), Int(simulation.broker.end(of: place)))
            let behind = isWhole || start >= end ? Int64.max : Int64(world.pick(start...end))
            simulation.compact(place, lag: settings.compactionLag, before: behind)
            compactRegularly()
        }
    }

    /// A call that takes long is when partitions like to move, and whoever takes them over to die.
    private func outliveDrain() {
        guard world.now < Simulation.troubleEnd, world.chance(0.3) else { return }
        world.after(world.milliseconds(100...2000)) { [simulation] in simulation.workerGroup.move() }
        guard world.chance(0.5) else { return }
        let slot = anyWorker
        world.after(world.milliseconds(4000...14_000)) { [self] in
            simulation.compactJournals(lag: settings.compactionLag)
            simulation.crash(worker: slot)
        }
    }

    private func cause(_ trouble: Trouble) {
        switch trouble {
        case .crashWorker: simulation.crash(worker: anyWorker)
        case .freezeWorker: simulation.freeze(simulation.workers[anyWorker], world.milliseconds(500...12_000))
        case .longFreeze: simulation.freeze(simulation.workers[anyWorker], world.milliseconds(7000...30_000))
        case .cutWorker:
            let worker = simulation.workers[anyWorker]
            worker.isCutOff = true
            world.after(world.milliseconds(500...15_000)) { worker.isCutOff = false }
        case .brokerDown:
            simulation.broker.isDown = true
            world.after(world.milliseconds(300...5000)) { [simulation] in simulation.broker.isDown = false }
        case .crashNotifier: simulation.crashNotifier()
        case .freezeNotifier:
            if let notifier = simulation.notifier { simulation.freeze(notifier, world.milliseconds(500...12_000)) }
        case .crashIngress: simulation.crash(ingress: world.pick(0...1))
        case .badProvider: simulation.bank.troubleUntil = world.now + world.milliseconds(1000...8000)
        case .forgetCommits: simulation.workerGroup.forgetCommits()
        case .leaderChange: changeLeaders()
        case .producerFailure: failProducer()
        case .move: simulation.workerGroup.move()
        case .loseJournal:
            lose(simulation.journals, tries: 60) {
                isHarmlessToLose($0, $1)
            } then: {
                simulation.writeOn($0)
            }
        case .loseCommands: lose(commands, tries: 60) { isDone($0, $1) }
        }
    }

    private var commands: [KafkaPartition] {
        simulation.journals.map { KafkaPartition(topic: simulation.workerGroup.topic, partition: $0.partition) }
    }

    private func changeLeaders() {
        for place in simulation.broker.logs.keys.sorted() where world.chance(0.5) {
            simulation.broker.changeLeader(of: place, for: world.milliseconds(100...4000))
        }
    }

    private func failProducer() {
        let worker = simulation.workers[anyWorker]
        guard !worker.isDead, !worker.isFrozen else { return }
        worker.failProducer(after: world.milliseconds(50...3000))
    }

    // MARK: - Logs whose end moves back

    /// Takes the last record or two of one of these partitions, as soon as no promise goes with them.
    private func lose(
        _ places: [KafkaPartition], tries: Int, _ mayGo: @escaping (KafkaPartition, Broker.Stored) -> Bool,
        then: @escaping (KafkaPartition) -> Void = { _ in }
    ) {
        let place = places[world.pick(0...(places.count - 1))]
        let count = world.pick(1...2)
        let last = simulation.broker.logs[place]?.records.suffix(count) ?? []
        // Who stands still cannot learn of it.
        let isSeen = simulation.workers.allSatisfy { $0.isDead || !$0.isFrozen && !$0.isCutOff }
        if last.count == count, isSeen, last.allSatisfy({ mayGo(place, $0) }) {
            simulation.broker.lose(last: count, of: place)
            return then(place)
        }
        if tries > 0 { world.after(.milliseconds(60)) { lose(places, tries: tries - 1, mayGo, then: then) } }
    }

    /// Whether nobody can know of a record, it is the owner's of a process that is dead, or the log says the same
    /// without it.
    private func isHarmlessToLose(_ place: KafkaPartition, _ stored: Broker.Stored) -> Bool {
        let message = stored.message
        guard stored.isKnown else { return true }
        guard let parts = JournalParts(key: message.key, headers: message.headers) else { return false }
        if parts.isOwner {
            return !simulation.workers.contains { !$0.isDead && parts.key.ownerID.contains("." + $0.name + ".") }
        }
        // A payment's record may hold news besides.
        guard parts.mark.stage == .settled, !parts.mark.isOpen, !parts.key.entry.isPayment else { return false }
        return simulation.broker.all(place).contains { earlier in
            guard earlier.offset < message.offset,
                let other = JournalParts(key: earlier.key, headers: earlier.headers)
            else { return false }
            return other.key.entry == parts.key.entry && other.mark.stage == .settled
                && other.mark.attemptID == parts.mark.attemptID && other.mark.isOpen
        }
    }

    /// Whether a command was done and committed, or nobody can know of it.
    private func isDone(_ place: KafkaPartition, _ stored: Broker.Stored) -> Bool {
        !stored.isKnown || stored.message.offset < simulation.workerGroup.committed[place] ?? 0
    }
}
