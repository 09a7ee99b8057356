import Shared

/// The broker: logs, acknowledgements that get lost, outages, compaction.
///
/// Sendable: used by its world's thread only.
final class Broker: @unchecked Sendable {
    private struct Stored {
        let message: KafkaMessage
        let at: Duration
    }

    private unowned let world: World
    private var logs: [KafkaPartition: [Stored]] = [:]
    private var ends: [KafkaPartition: Int64] = [:]
    private var listeners: [(KafkaPartition) -> Void] = []
    var isDown = false

    init(_ world: World) { self.world = world }

    /// Calls when something was stored; for as long as the world lasts.
    func onStored(_ listener: @escaping (KafkaPartition) -> Void) { listeners.append(listener) }

    func end(of partition: KafkaPartition) -> Int64 { ends[partition] ?? 0 }

    /// Records from an offset, at most so many.
    func read(_ partition: KafkaPartition, from offset: Int64, max: Int) -> [KafkaMessage] {
        guard !isDown, let log = logs[partition] else { return [] }
        // Offsets rise, so the first one wanted is found by halving.
        var (low, high) = (0, log.count)
        while low < high {
            let middle = (low + high) / 2
            if log[middle].message.offset < offset { low = middle + 1 } else { high = middle }
        }
        return log[low..<min(low + max, log.count)].map(\.message)
    }

    func all(_ partition: KafkaPartition) -> [KafkaMessage] { (logs[partition] ?? []).map(\.message) }

    @discardableResult
    func store(_ record: KafkaRecord) -> KafkaOffset {
        let partition = KafkaPartition(topic: record.topic, partition: record.partition)
        let offset = end(of: partition)
        ends[partition] = offset + 1
        let message = KafkaMessage(
            topic: record.topic, partition: record.partition, offset: offset, key: record.key, value: record.value,
            headers: record.headers)
        logs[partition, default: []].append(Stored(message: message, at: world.now))
        for listener in listeners { listener(partition) }
        return KafkaOffset(partition: partition, offset: offset)
    }

    /// Removes records of a journal that a later record of their key has replaced, both older than the lag; the last
    /// record of the log stays, as the active segment does.
    func compact(_ partition: KafkaPartition) {
        guard let log = logs[partition], !log.isEmpty else { return }
        let old = log.filter { world.now - $0.at > Settings.compactionLag }
        var last: [[UInt8]: Int64] = [:]
        for stored in old { last[stored.message.key ?? []] = stored.message.offset }
        logs[partition] = log.filter { stored in
            world.now - stored.at <= Settings.compactionLag || last[stored.message.key ?? []] == stored.message.offset
        }
    }
}

/// A process's producer: its records keep their order, their acknowledgements may not come.
///
/// Sendable: used by its world's thread only.
final class WorldSender: RecordSender, @unchecked Sendable {
    private unowned let world: World
    private let broker: Broker
    private let isDead: () -> Bool
    private var lastArrival: Duration = .zero
    var isCutOff = false

    init(_ world: World, _ broker: Broker, isDead: @escaping () -> Bool) {
        self.world = world
        self.broker = broker
        self.isDead = isDead
    }

    var generation: Int { 0 }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        guard !isDead() else {
            report(.failure(KafkaSendError(code: .shuttingDown, mayBeStored: false)))
            return
        }
        begin(record, report)
    }

    private func begin(_ record: KafkaRecord, _ done: @escaping (Result<KafkaOffset, KafkaSendError>) -> Void) {
        let fate = world.pick(0...199)
        // Behind whatever this process has sent before: an idempotent producer keeps that order.
        let arrival = max(lastArrival, world.now + world.milliseconds(fate == 0 || fate > 195 ? 500...3000 : 1...8))
        lastArrival = arrival
        var reported = false
        func report(_ result: Result<KafkaOffset, KafkaSendError>) {
            if !reported { done(result) }
            reported = true
        }
        if fate == 1 {
            // The acknowledgement is given up before it is known whether the record arrives.
            world.after(.milliseconds(400)) {
                report(.failure(KafkaSendError(code: .possiblyPersisted, mayBeStored: true)))
            }
        }
        world.after(arrival - world.now) { [self] in
            guard !broker.isDown, !isCutOff, fate != 2 else {
                world.after(.milliseconds(300)) {
                    report(
                        .failure(
                            KafkaSendError(code: fate == 2 ? .possiblyPersisted : .notPersisted, mayBeStored: fate == 2)
                        ))
                }
                return
            }
            let offset = broker.store(record)
            if fate == 3 {
                world.after(.milliseconds(400)) {
                    report(.failure(KafkaSendError(code: .possiblyPersisted, mayBeStored: true)))
                }
            } else {
                world.after(world.milliseconds(1...5)) { report(.success(offset)) }
            }
        }
    }
}
