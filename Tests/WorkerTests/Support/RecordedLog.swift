import Shared
import Synchronization

@testable import Worker

/// The log of a journal as one process reads it: what a ``RecordingSender`` has stored.
final class RecordedLog: JournalSource {
    /// A range that was read.
    struct Range: Sendable, Hashable {
        var partition: Int32
        var start: Int64
        var end: Int64
    }

    private struct State {
        var ranges: [Range] = []
        var waiting: [Range] = []
        var isReading = false
        var lookUps: [Int64] = []
    }

    private let sender: RecordingSender
    private let topic: String
    private let codec: MessageCodec
    private let journal = Mutex<Journal?>(nil)
    private let state = Mutex(State())

    init(_ sender: RecordingSender, topic: String, codec: MessageCodec) {
        (self.sender, self.topic, self.codec) = (sender, topic, codec)
    }

    /// Connects who reads; it is let go of with ``close()``.
    func attach(_ journal: Journal) {
        self.journal.withLock { $0 = journal }
        journal.attach(source: self)
    }

    /// Nobody reads any more.
    func close() { journal.withLock { $0 = nil } }

    /// Ranges that were read, in their order.
    var ranges: [Range] { state.withLock { $0.ranges } }
    /// Offsets of records that were looked up.
    var lookUps: [Int64] { state.withLock { $0.lookUps } }

    /// Asks where the partitions end, as is done regularly.
    func askEnds() {
        guard let journal = journal.withLock({ $0 }) else { return }
        let positions = journal.followedPositions
        let bounds = answer(Set(positions.keys))
        sender.tell { if let bounds { journal.bounded(bounds, askedAt: positions) } }
    }

    // MARK: - The journal's questions

    func read(_ partition: Int32, from offset: Int64, upTo end: Int64) {
        let range = Range(partition: partition, start: offset, end: end)
        state.withLock { $0.ranges.append(range) }
        sender.tell { self.deliver(range) }
    }

    func record(at offset: Int64, of partition: Int32) async throws -> KafkaMessage? {
        state.withLock { $0.lookUps.append(offset) }
        guard let log = sender.log(of: place(partition)) else { throw KafkaError(code: .closed) }
        return log.records.first { $0.offset == offset }
    }

    func bounds(of partitions: Set<Int32>) async -> [Int32: Swift.Range<Int64>]? { answer(partitions) }

    private func answer(_ partitions: Set<Int32>) -> [Int32: Swift.Range<Int64>]? {
        var bounds: [Int32: Swift.Range<Int64>] = [:]
        for partition in partitions {
            guard let log = sender.log(of: place(partition)) else { return nil }
            bounds[partition] = log.start..<log.end
        }
        return bounds
    }

    private func place(_ partition: Int32) -> KafkaPartition { KafkaPartition(topic: topic, partition: partition) }

    /// Delivers one range after the other, whoever asks meanwhile.
    private func deliver(_ range: Range) {
        let isReading = state.withLock { state in
            state.waiting.append(range)
            defer { state.isReading = true }
            return state.isReading
        }
        guard !isReading else { return }
        while let next = next() {
            if let journal = journal.withLock({ $0 }) { deliver(next, to: journal) }
        }
    }

    private func next() -> Range? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isReading = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    private func deliver(_ range: Range, to journal: Journal) {
        guard let log = sender.log(of: place(range.partition)) else { return }
        journal.began(range.start, of: range.partition)
        let claimsSince = journal.clock.unixMilliseconds - ClaimTable.lifeMilliseconds
        for message in log.records where (range.start..<range.end).contains(message.offset) {
            do throws(MessageError) {
                let reading = try codec.journalReading(from: message, journal.hash, claimsSince: claimsSince)
                journal.received([reading], of: range.partition)
            } catch {
                journal.received(unreadable: error, at: message.offset, of: range.partition)
            }
        }
        journal.reached(min(range.end, max(range.start, log.end)), of: range.partition)
    }
}
