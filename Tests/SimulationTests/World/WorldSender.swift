import Shared

/// A process's producer: its records keep their order, their acknowledgements may not come or not say where, and its
/// client can fail for good.
///
/// Sendable: used by its world's thread only.
final class WorldSender: RecordSender, @unchecked Sendable {
    /// A record on its way.
    private final class Sent {
        let record: KafkaRecord
        let wall: Int64
        private var report: ((Result<KafkaOffset, KafkaSendError>) -> Void)?
        var isStored = false

        init(_ record: KafkaRecord, _ wall: Int64, _ report: @escaping (Result<KafkaOffset, KafkaSendError>) -> Void) {
            self.record = record
            self.wall = wall
            self.report = report
        }

        var partition: KafkaPartition { KafkaPartition(topic: record.topic, partition: record.partition) }

        func end(_ result: Result<KafkaOffset, KafkaSendError>) {
            let first = report
            report = nil
            first?(result)
        }
    }

    /// One client, until it fails.
    private final class Client {
        let number: Int
        var lastArrival: Duration = .zero
        /// Records of a partition do not arrive before one that is sent again.
        var blocked: [KafkaPartition: Duration] = [:]
        var isStalled = false
        var isOver = false
        var outstanding: [Sent] = []

        init(_ number: Int) { self.number = number }
    }

    private unowned let world: World
    private let broker: Broker
    private unowned let process: SimulatedProcess
    private var client = Client(0)
    /// Clients that have failed.
    private var former: [Client] = []
    private var isReplacing = false
    /// Until when acknowledgements often do not say where the record is.
    private var unsureUntil: Duration = .zero

    init(_ world: World, _ broker: Broker, _ process: SimulatedProcess) {
        self.world = world
        self.broker = broker
        self.process = process
    }

    var generation: Int { client.number }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        guard !process.isDead else {
            return report(.failure(KafkaSendError(code: .shuttingDown, mayBeStored: false)))
        }
        guard !isReplacing, generation ?? client.number == client.number else {
            return report(.failure(KafkaSendError(code: .fatal, mayBeStored: false)))
        }
        let sent = Sent(record, process.clock.unixMilliseconds, report)
        client.outstanding.append(sent)
        begin(sent, client)
    }

    private func begin(_ sent: Sent, _ client: Client) {
        let fate = world.pick(0...199)
        // Behind whatever this client has sent before: an idempotent producer keeps that order.
        let time = world.milliseconds(fate == 0 || fate > 195 ? 500...3000 : 1...8)
        let arrival = max(client.lastArrival, world.now + time)
        client.lastArrival = arrival
        // The acknowledgement may be given up before it is known whether the record arrives.
        if fate == 1 { finish(sent, client, .failure(Self.possiblyStored), after: .milliseconds(400)) }
        world.after(arrival - world.now) { [self] in arrive(sent, client, fate, isAgain: false) }
    }

    private func arrive(_ sent: Sent, _ client: Client, _ fate: Int, isAgain: Bool) {
        // What a client that has failed had under way comes late or never.
        if client.isOver || client.isStalled { return }
        let place = sent.partition
        if let blocked = client.blocked[place], blocked > world.now, !isAgain {
            return again(sent, client, fate, at: blocked)
        }
        guard !broker.isDown, !process.isCutOff, fate != 2 else {
            let error = fate == 2 ? Self.possiblyStored : KafkaSendError(code: .notPersisted, mayBeStored: false)
            return finish(sent, client, .failure(error), after: .milliseconds(300))
        }
        guard broker.isAvailable(place) else {
            guard fate % 3 != 0 else {
                let error = KafkaSendError(code: .notPersisted, mayBeStored: false)
                return finish(sent, client, .failure(error), after: .milliseconds(300))
            }
            return again(sent, client, fate, at: broker.leaderReturn(of: place) + world.milliseconds(1...50))
        }
        let stored = broker.store(sent.record, wall: sent.wall)
        sent.isStored = true
        if fate == 3 { return finish(sent, client, .failure(Self.possiblyStored), after: .milliseconds(400)) }
        world.after(world.milliseconds(1...5)) { [self] in acknowledge(sent, client, stored, isAgain: isAgain) }
    }

    private func again(_ sent: Sent, _ client: Client, _ fate: Int, at time: Duration) {
        let arrival = max(time, client.blocked[sent.partition] ?? .zero)
        client.blocked[sent.partition] = arrival
        client.lastArrival = max(client.lastArrival, arrival)
        world.after(arrival - world.now) { [self] in arrive(sent, client, fate, isAgain: true) }
    }

    private func acknowledge(
        _ sent: Sent, _ client: Client, _ stored: (place: KafkaOffset, number: Int), isAgain: Bool
    ) {
        process.whenAwake { [self] in
            if client.isOver || client.isStalled { return }
            guard broker.acknowledge(stored.place, stored.number) else {
                return end(sent, client, .failure(Self.possiblyStored))
            }
            // A broker that has a record already says so, and not where.
            let isUnsure = isAgain || world.now < unsureUntil
            let tells = !world.chance(isUnsure ? 0.5 : 0.02)
            let unknown = KafkaOffset(partition: stored.place.partition, offset: -1)
            end(sent, client, .success(tells ? stored.place : unknown))
        }
    }

    private func finish(
        _ sent: Sent, _ client: Client, _ result: Result<KafkaOffset, KafkaSendError>, after time: Duration
    ) {
        world.after(time) { [self] in process.whenAwake { [self] in end(sent, client, result) } }
    }

    private func end(_ sent: Sent, _ client: Client, _ result: Result<KafkaOffset, KafkaSendError>) {
        client.outstanding.removeAll { $0 === sent }
        sent.end(result)
    }

    private static let possiblyStored = KafkaSendError(code: .possiblyPersisted, mayBeStored: true)

    // MARK: - Troubles

    /// The process goes on after it stood still: what it sends is often sent again.
    func wokeUp() { unsureUntil = world.now + .seconds(3) }

    /// Nothing that the client sends arrives any more.
    func stall() { client.isStalled = true }

    /// The client has failed for good and is replaced; what it has under way may arrive late, behind what the next one
    /// sends.
    /// - Parameter letGo: called before there is a next one.
    func fail(_ letGo: () -> Void) {
        let old = client
        old.isOver = true
        isReplacing = true
        letGo()
        var delay = world.milliseconds(50...2000)
        for sent in old.outstanding where !sent.isStored && world.chance(0.6) {
            delay += world.milliseconds(0...3000)
            world.after(delay) { [self] in if !broker.isDown { broker.store(sent.record, wall: sent.wall) } }
        }
        isReplacing = false
        former.append(old)
        client = Client(old.number + 1)
        for sent in old.outstanding { finish(sent, old, .failure(Self.possiblyStored), after: .milliseconds(1)) }
    }

    /// The process is dead: nobody is told of anything any more.
    func abandon() {
        for client in former + [client] {
            let left = client.outstanding
            client.outstanding = []
            for sent in left { sent.end(.failure(KafkaSendError(code: .shuttingDown, mayBeStored: true))) }
        }
    }
}
