import Logging
public import Shared
import Synchronization

/// Taking in what the topic says; called on the reader's thread.
extension Journal {
    /// A reading of a partition is taken up at an offset: what comes from here on is of it.
    public func began(_ offset: Int64, of partition: Int32) {
        state.withLock { $0.partitions[partition]?.began(offset) }
    }

    /// Records of a partition in their order.
    public func received(_ records: [JournalReading], of partition: Int32) {
        change(partition) { state in
            guard var found = state.partitions.removeValue(forKey: partition) else { return [] }
            defer { state.partitions[partition] = found }
            return records.flatMap { found.received($0) }
        }
        metrics.applied(records.count)
    }

    /// The same of records that are still where the client has them.
    func received(_ batch: KafkaRecordBatch, of partition: Int32) {
        let claimsSince = clock.unixMilliseconds - ClaimTable.lifeMilliseconds
        var readings: [JournalReading] = []
        readings.reserveCapacity(batch.count)
        for record in batch {
            let fields = JournalRecordFields(record)
            do throws(MessageError) {
                readings.append(try codec.journalReading(from: fields, hash, claimsSince: claimsSince))
            } catch {
                received(readings, of: partition)
                readings = []
                received(unreadable: error, at: record.offset, of: partition)
            }
        }
        received(readings, of: partition)
    }

    /// A record that is none of a journal stands at an offset, or one that needs a newer version of this process.
    public func received(unreadable error: MessageError, at offset: Int64, of partition: Int32) {
        let place: Logger.Metadata = .of([.partition: "\(partition)", .offset: "\(offset)"])
        guard error.isPoison else {
            logger.error("a record of the journal needs a newer version; its partition stops here", metadata: place)
            change(partition) { state in
                state.open.remove(partition)
                return state.partitions[partition]?.stop() ?? []
            }
            owner.withLock { $0 }?.held(partition)
            return
        }
        logger.error("a record of the journal cannot be read and is passed over", metadata: place)
        state.withLock { $0.partitions[partition]?.passed(offset) }
    }

    /// Everything below an offset was delivered.
    public func reached(_ offset: Int64, of partition: Int32) {
        change(partition) { $0.partitions[partition]?.reached(offset) ?? [] }
    }

    /// The position is outside of the log: its end moved back, or the topic was made anew.
    public func outOfLog(_ partition: Int32) {
        change(partition) { $0.partitions[partition]?.reset() ?? [] }
    }

    /// Changes a partition under the lock, and does outside of it what follows.
    func change(_ partition: Int32, _ body: (inout State) -> [JournalPartition.Action]) {
        let now = timing.now
        var resumed: [Resumption] = []
        let (actions, late) = state.withLock { state in
            let before = state.partitions[partition]?.log.lateCount ?? 0
            let actions = body(&state)
            noteOpen(partition, &state, at: now)
            for case .judged(let number, let verdict) in actions {
                let answer = Answer.judged(isKnown(number, partition, state) ? verdict : .late)
                if let waiting = resolve(number, answer, &state) { resumed.append(waiting) }
            }
            return (actions, (state.partitions[partition]?.log.lateCount ?? 0) - before)
        }
        for waiting in resumed { resume(waiting) }
        if late > 0 { metrics.void(late) }
        perform(actions, partition)
    }

    /// Whether a record of an entry was written with all in mind that the log says of it by now.
    private func isKnown(_ number: UInt64, _ partition: Int32, _ state: State) -> Bool {
        guard let waiter = state.waiters[number], let entry = waiter.entry else { return true }
        return state.partitions[partition]?.log.hasLate(entry, from: waiter.known) == false
    }

    /// Keeps the times of open entries beside what the log says of them.
    private func noteOpen(_ partition: Int32, _ state: inout State, at now: Duration) {
        for hash in state.partitions[partition]?.takeChanged() ?? [] {
            guard let entry = state.partitions[partition]?.log.open[hash] else {
                state.due[partition]?[hash] = nil
                continue
            }
            let attempt = entry.stage.rawValue + entry.attemptID
            let first = entry.isLate ? .zero : settings.dueBackoff.first
            var due =
                state.due[partition]?[hash] ?? Due(offset: entry.offset, attempt: attempt, seen: now, at: now + first)
            if due.attempt != attempt { (due.attempt, due.seen) = (attempt, now) }
            if entry.isLate { due.at = min(due.at, now) }
            due.offset = entry.offset
            state.due[partition, default: [:]][hash] = due
        }
    }

    private func perform(_ actions: [JournalPartition.Action], _ partition: Int32) {
        for action in actions {
            switch action {
            case .read(let start, let end): state.withLock { $0.source }?.read(partition, from: start, upTo: end)
            // Told while the partition was changed.
            case .judged: break
            case .lost(let assignment): lost(partition, assignment)
            case .reset(let assignment): reset(partition, assignment)
            case .reached: wakeWaiting(partition) { $0.offset <= $1 }
            case .ask: eventsContinuation.yield(.ask)
            }
        }
    }

    private func lost(_ partition: Int32, _ assignment: UInt64?) {
        _ = state.withLock { $0.open.remove(partition) }
        owner.withLock { $0 }?.held(partition)
        logger.warning("another process owns a partition of the journal", metadata: .of([.partition: "\(partition)"]))
        metrics.fenced()
        if let assignment { eventsContinuation.yield(.acquire(partition, assignment: assignment, isAgain: true)) }
    }

    private func reset(_ partition: Int32, _ assignment: UInt64?) {
        state.withLock { state in
            state.open.remove(partition)
            state.due[partition] = nil
            state.cache.drop(partition: partition)
        }
        owner.withLock { $0 }?.held(partition)
        logger.error(
            "the journal's log is not the one that was read; its partition is read again",
            metadata: .of([.partition: "\(partition)"]))
        metrics.reset()
        // They wait for a position that the log may not have any more, and ask anew.
        wakeWaiting(partition) { _, _ in true }
        eventsContinuation.yield(.ask)
        if let assignment { eventsContinuation.yield(.acquire(partition, assignment: assignment, isAgain: false)) }
    }

    /// Wakes those who wait until a partition was read up to an offset.
    private func wakeWaiting(_ partition: Int32, _ isOver: (PositionWaiter, Int64) -> Bool) {
        let woken = state.withLock { state in
            guard let position = state.partitions[partition]?.log.position, !state.positions.isEmpty else {
                return [PositionWaiter]()
            }
            let woken = state.positions.filter { $0.partition == partition && isOver($0, position) }
            state.positions.removeAll { $0.partition == partition && isOver($0, position) }
            return woken
        }
        for waiter in woken { waiter.continuation.resume() }
    }
}
