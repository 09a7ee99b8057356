import Logging
import Shared
import Synchronization

/// Going on from what an earlier process has kept of the index.
extension Journal {
    /// Takes over the kept indexes of partitions whose log is proven to be the one that they were made of.
    ///
    /// Called once, before anything is read; what is not proven is read from its beginning.
    func restore(from store: JournalSnapshotStore) async {
        let numbers = (0..<settings.partitions).map { $0 }
        let kept = await withTaskGroup(of: (Int32, JournalSnapshot?).self) { group in
            for number in numbers {
                group.addTask {
                    let found = Mutex<JournalSnapshot?>(nil)
                    await BlockingWork.run { found.withLock { $0 = store.load(number) } }
                    return (number, found.withLock { $0 })
                }
            }
            return await group.reduce(into: [Int32: JournalSnapshot]()) { $0[$1.0] = $1.1 }
        }
        guard !kept.isEmpty, let source = state.withLock({ $0.source }) else { return }
        guard let bounds = await source.bounds(of: Set(kept.keys)) else { return }
        var restored = 0
        for (number, snapshot) in kept.sorted(by: { $0.key < $1.key }) {
            guard let range = bounds[number], await isProven(snapshot.content, number, range, source) else {
                logger.notice(
                    "the kept index is of another log and is not used", metadata: .of([.partition: "\(number)"]))
                continue
            }
            restored += 1
            change(number) { state in
                guard state.partitions[number]?.log.position == 0 else { return [] }
                let role = state.partitions[number]?.role ?? .following
                state.partitions[number] = JournalPartition(JournalLog(snapshot), role)
                return []
            }
        }
        logger.info("kept indexes of the journal are used", metadata: .of([.count: "\(restored)"]))
    }

    /// Whether the last record that was read still stands where it stood; or, where compaction has removed it, the last
    /// owner's record, which is never compacted.
    private func isProven(
        _ kept: JournalSnapshot.Content, _ partition: Int32, _ bounds: Range<Int64>, _ source: any JournalSource
    ) async -> Bool {
        guard kept.state.position <= bounds.upperBound else { return false }
        for place in [kept.state.last, kept.state.owner].compactMap(\.self) where place.offset >= bounds.lowerBound {
            guard let found = try? await source.record(at: place.offset, of: partition) else { continue }
            let id = found.text(MessageHeaderName.id).map { JournalReading.RecordID($0) }
            return id == place.id
        }
        return false
    }

    /// Keeps the indexes of all partitions that were read; blocks for as long as the disk takes.
    func save(to store: JournalSnapshotStore) {
        let numbers = state.withLock { $0.partitions.keys.sorted() }
        for number in numbers {
            let kept = state.withLock { state -> (content: JournalSnapshot.Content, table: OffsetTable)? in
                guard let partition = state.partitions[number], partition.log.position > 0, !partition.isStopped else {
                    return nil
                }
                let content = JournalSnapshot.Content(
                    partition.log, log: store.logName(number), secret: store.secretName)
                return (content, partition.log.entries)
            }
            guard let kept else { continue }
            do {
                // A place that is copied later may be newer than the position, and is read again from there.
                try store.save(kept.content, of: number) { try copy(ofShard: $0, of: kept.table, number) }
            } catch {
                logger.warning("the journal's index cannot be kept", metadata: .of([.partition: "\(number)"]))
            }
        }
    }

    /// A copy of one shard of a partition's table, unless the partition has another one by now, since it is read anew.
    func copy(
        ofShard shard: Int, of table: OffsetTable, _ partition: Int32
    ) throws(JournalDirectoryError) -> (bytes: [UInt8], count: Int) {
        let copy = state.withLock { state in
            state.partitions[partition]?.log.entries === table ? table.copy(ofShard: shard) : nil
        }
        guard let copy else { throw .overtaken }
        return copy
    }

    /// Keeps the indexes regularly until the process stops; at once when they are kept nowhere.
    ///
    /// - Parameter interval: at each one they are written when enough was read since.
    public func keepSaving(every interval: Duration) async {
        guard snapshots != nil else { return }
        var saved: Int64 = 0
        while await timing.pause(for: interval) {
            let read = positions.values.reduce(0, +)
            guard abs(read - saved) >= Self.recordsBetweenSnapshots else { continue }
            saved = read
            await saveSnapshot()
        }
    }

    /// Keeps the indexes now, where they are kept.
    public func saveSnapshot() async {
        guard let store = snapshots else { return }
        await BlockingWork.run { self.save(to: store) }
    }

    /// What is read again in far less than a second is not worth writing everything.
    private static let recordsBetweenSnapshots: Int64 = 10_000
}
