import Shared

@testable import Worker

/// Where a simulated worker's journal comes from: the broker's partitions, read when they are asked for.
///
/// Sendable: used by its world's thread only.
final class JournalFeed: JournalSource, @unchecked Sendable {
    private struct Reading {
        var position: Int64
        let end: Int64
        let number: Int
    }

    private let world: World
    private let broker: Broker
    private let codec: MessageCodec
    private let box: WeakBox
    private let topic: String
    private let lie: (any JournalLie)?
    private var readings: [Int32: Reading] = [:]
    private var numbers = 0
    /// The last request that was taken up.
    private var taken: [Int32: Int] = [:]
    weak var journal: Journal?

    /// - Parameter lie: what is told instead of what the log says.
    init(_ world: World, _ broker: Broker, _ codec: MessageCodec, _ box: WeakBox, lie: (any JournalLie)?) {
        self.world = world
        self.broker = broker
        self.codec = codec
        self.box = box
        self.lie = lie
        topic = codec.topics.journal(of: Settings.provider)
    }

    private func place(_ partition: Int32) -> KafkaPartition { KafkaPartition(topic: topic, partition: partition) }

    private func canAsk(_ partition: Int32) -> Bool {
        box.process?.isCutOff == false && broker.isAvailable(place(partition))
    }

    // MARK: - Reading on

    /// Like any request to a reading thread, it is taken up a moment later; until then the reading before goes on.
    func read(_ partition: Int32, from offset: Int64, upTo end: Int64) {
        numbers += 1
        let reading = Reading(position: offset, end: end, number: numbers)
        world.after(world.milliseconds(1...4)) { [weak self] in
            self?.box.process?.whenAwake {
                guard let self, reading.number > self.taken[partition] ?? 0 else { return }
                self.taken[partition] = reading.number
                self.readings[partition] = reading
                self.journal?.began(reading.position, of: partition)
                self.later(partition, reading.number, self.world.milliseconds(1...3))
            }
        }
    }

    private func later(_ partition: Int32, _ number: Int, _ time: Duration) {
        world.after(time) { [weak self] in
            self?.box.process?.whenAwake { self?.deliver(partition, number) }
        }
    }

    private func deliver(_ partition: Int32, _ number: Int) {
        guard let reading = readings[partition], reading.number == number, let journal else { return }
        guard canAsk(partition) else { return later(partition, number, .milliseconds(300)) }
        switch broker.fetch(place(partition), from: reading.position, upTo: reading.end, max: world.pick(1...16)) {
        case .unavailable: later(partition, number, .milliseconds(300))
        case .outOfRange:
            readings[partition] = nil
            journal.outOfLog(partition)
        case .records(let records, let next):
            readings[partition]?.position = next
            hand(records, of: partition, to: journal)
            // What was handed over may have led to another question.
            guard readings[partition]?.number == number else { return }
            guard next < reading.end else {
                readings[partition] = nil
                return journal.reached(reading.end, of: partition)
            }
            // The log does not go that far yet, or any more.
            let isThere = broker.end(of: place(partition)) > next
            later(partition, number, isThere ? world.milliseconds(1...6) : .milliseconds(200))
        }
    }

    private func hand(_ records: [KafkaMessage], of partition: Int32, to journal: Journal) {
        let now = box.process?.clock.unixMilliseconds ?? 0
        let since = now - ClaimTable.lifeMilliseconds
        var batch: [JournalReading] = []
        for record in records {
            guard let told = lie?.told(record) ?? (lie == nil ? record : nil) else { continue }
            do throws(MessageError) {
                batch.append(try codec.journalReading(from: told, journal.hash, claimsSince: since))
            } catch {
                world.violate("the journal holds a record that cannot be read: \(error)")
            }
        }
        if !batch.isEmpty { journal.received(batch, of: partition) }
    }

    // MARK: - Questions

    /// Asks where the followed partitions end, again and again, as the product's reader does.
    func askRegularly() async {
        while let process = box.process, await process.wait(.seconds(1)) {
            guard let journal else { return }
            let positions = journal.followedPositions
            guard let bounds = await bounds(of: Set(positions.keys)) else { continue }
            journal.bounded(bounds, askedAt: positions)
        }
    }

    func record(at offset: Int64, of partition: Int32) async throws -> KafkaMessage? {
        guard let process = box.process, await process.wait(world.milliseconds(1...8)), canAsk(partition),
            !world.chance(0.005)
        else { throw Unanswered() }
        let record = broker.record(at: offset, of: place(partition))
        guard let lie else { return record }
        return record.flatMap { lie.told($0) }
    }

    func bounds(of partitions: Set<Int32>) async -> [Int32: Range<Int64>]? {
        guard let process = box.process, await process.wait(world.milliseconds(1...8)), !process.isCutOff,
            !broker.isDown
        else { return nil }
        var bounds: [Int32: Range<Int64>] = [:]
        for partition in partitions.sorted() {
            guard var range = broker.bounds(of: place(partition)) else { continue }
            // A replica may not have been told of the last records yet.
            if world.chance(0.01) { range = range.lowerBound..<max(range.lowerBound, range.upperBound - 1) }
            bounds[partition] = range
        }
        return bounds
    }

    /// Nobody answers.
    struct Unanswered: Error {}
}
