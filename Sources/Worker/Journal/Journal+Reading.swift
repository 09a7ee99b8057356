import Logging
public import Shared
import Synchronization

/// Taking in what the topic says; called on the reader's thread.
extension Journal {
    /// Takes records in their order.
    public func received(_ batch: [KafkaMessage]) {
        let now = timing.now
        // Before the lock, for which everybody waits who works on a command.
        let readings = batch.map { message in
            Result { () throws(MessageError) in try codec.journalReading(from: message) }
        }
        var happened: [Event] = []
        var resumed: [(UnsafeContinuation<Answer, Never>, JournalLog.Verdict)] = []
        var held: [Int32] = []
        var restarted: [Int32] = []
        let pending = state.withLock { state in
            for (message, reading) in zip(batch, readings) {
                guard var partition = state.partitions.removeValue(forKey: message.partition) else { continue }
                defer { state.partitions[message.partition] = partition }
                guard !partition.isStopped, !partition.isRestarting,
                    isExpected(message, reading, &partition, &restarted)
                else {
                    continue
                }
                guard let record = record(reading, message, &partition) else { continue }
                let verdict = take(record, message.partition, &partition, at: now)
                follow(record, verdict, message.partition, &partition, &happened, &held)
                if let continuation = Self.resolve(record.id, verdict, &state) {
                    resumed.append((continuation, verdict))
                }
            }
            return state.partitions.values.reduce(0) { $0 + $1.log.changes.count }
        }
        metrics.applied(batch.count)
        for (continuation, verdict) in resumed { continuation.resume(returning: .verdict(verdict)) }
        let owner = owner.withLock { $0 }
        for partition in held { owner?.held(partition) }
        for event in happened { eventsContinuation.yield(event) }
        let source = state.withLock { $0.source }
        for partition in restarted { source?.restart(partition) }
        if pending >= settings.changesMax { flush() }
    }

    /// What arrives of a partition from now on is read from its beginning again.
    public func restarted(_ partition: Int32) {
        state.withLock { $0.partitions[partition]?.isRestarting = false }
    }

    /// Forgets what the index knows of a partition: its log does not hold the place where reading would go on.
    public func forget(_ partition: Int32) {
        state.withLock { state in
            var empty = Partition()
            empty.log.faults = faults
            state.partitions[partition] = empty.keepingOwnership(of: state.partitions[partition])
        }
        resetIndex(partition)
    }

    /// Forgets a partition's rows; never while a flush holds some of them, which would come back behind this.
    private func resetIndex(_ partition: Int32) {
        flushing.withLock { _ in
            do {
                try index.reset(partition)
            } catch {
                logger.error("the journal's index cannot be reset", metadata: .of([.partition: "\(partition)"]))
            }
        }
    }

    /// Whether a record goes on from where this process stands; the first one proves that the log is still the same.
    private func isExpected(
        _ message: KafkaMessage, _ reading: Result<JournalReading, MessageError>, _ partition: inout Partition,
        _ restarted: inout [Int32]
    ) -> Bool {
        guard let expected = partition.expected else { return message.offset >= partition.log.position }
        if message.offset == expected.position - 1, let reading = try? reading.get(),
            JournalLog.fingerprint(reading) == expected.lastRecord
        {
            partition.expected = nil
            return false
        }
        logger.warning(
            "the journal's index is of another log and is made again",
            metadata: .of([.partition: "\(message.partition)"]))
        partition = Partition().keepingOwnership(of: partition)
        partition.log.faults = faults
        partition.isRestarting = true
        do {
            try index.reset(message.partition)
        } catch {
            logger.error("the journal's index cannot be reset", metadata: .of([.partition: "\(message.partition)"]))
        }
        restarted.append(message.partition)
        return false
    }

    private func record(
        _ reading: Result<JournalReading, MessageError>, _ message: KafkaMessage, _ partition: inout Partition
    ) -> JournalReading? {
        switch reading {
        case .success(let record): return record
        case .failure(let error):
            let place: Logger.Metadata = .of([
                .topic: message.topic, .partition: "\(message.partition)", .offset: "\(message.offset)",
            ])
            if error.isPoison {
                logger.error("a record of the journal cannot be read and is passed over", metadata: place)
                partition.log.skip(message.offset)
            } else {
                logger.error("a record of the journal needs a newer version; its partition stops here", metadata: place)
                partition.isStopped = true
            }
            return nil
        }
    }

    private func take(
        _ record: JournalReading, _ number: Int32, _ partition: inout Partition, at now: Duration
    ) -> JournalLog.Verdict {
        do {
            let verdict = try partition.log.read(record) { key in try index.storedRow(key, of: number) }
            if record.key != .owner {
                note(partition.log.changes[record.key] ?? nil, record.key, &partition, at: now)
            }
            return verdict
        } catch {
            // Without the row nothing can be decided; the log decides it again.
            eventsContinuation.yield(.indexLost(number))
            return .void
        }
    }

    /// The index has lost a partition: its log is read from the beginning again, and nothing is done in it meanwhile.
    func rebuild(_ number: Int32) {
        let (source, assignment) = state.withLock { state -> ((any JournalSource)?, UInt64?) in
            guard let partition = state.partitions[number], !partition.isRestarting else { return (nil, nil) }
            var empty = Partition()
            empty.log.faults = faults
            empty.assignment = partition.assignment
            empty.isRestarting = true
            state.partitions[number] = empty
            return (state.source, partition.assignment)
        }
        guard let source else { return }
        logger.error(
            "the journal's index has lost a partition, which is read again", metadata: .of([.partition: "\(number)"]))
        owner.withLock { $0 }?.held(number)
        resetIndex(number)
        source.restart(number)
        if let assignment { eventsContinuation.yield(.acquire(number, assignment: assignment, isAgain: true)) }
    }

    /// What a record means for this process's own ownership.
    private func follow(
        _ record: JournalReading, _ verdict: JournalLog.Verdict, _ number: Int32, _ partition: inout Partition,
        _ happened: inout [Event], _ held: inout [Int32]
    ) {
        if record.key == .owner, record.id == partition.candidate {
            partition.candidate = nil
            if verdict == .valid, partition.assignment != nil {
                partition.epoch = record.mark.epoch
                happened.append(.owned(number))
            }
        }
        if let epoch = partition.epoch, partition.log.epoch > epoch {
            partition.epoch = nil
            partition.isOpen = false
            held.append(number)
            logger.warning("another process owns a partition of the journal", metadata: .of([.partition: "\(number)"]))
            metrics.fenced()
            if let assignment = partition.assignment {
                happened.append(.acquire(number, assignment: assignment, isAgain: true))
            }
        }
        guard verdict == .void else { return }
        metrics.void()
        if partition.epoch != nil, partition.log.attention[record.key]?.needsRepair == true {
            happened.append(.repair(number, record.key))
        }
    }

    private static func resolve(
        _ id: String, _ verdict: JournalLog.Verdict, _ state: inout State
    ) -> UnsafeContinuation<Answer, Never>? {
        guard var waiter = state.waiters[id] else { return nil }
        let continuation = waiter.continuation
        // A record that is stored twice counts once: the first verdict stays.
        if waiter.verdict == nil { waiter.verdict = verdict }
        waiter.continuation = nil
        state.waiters[id] = waiter
        return continuation
    }

    /// Writes changes and checkpoints to the index; blocks for as long as the disk takes.
    func flush() {
        flushing.withLock { _ in
            for number in 0..<settings.partitions {
                let changed = state.withLock { state -> ([JournalKey: JournalRow?], JournalCheckpoint)? in
                    guard let partition = state.partitions[number], partition.expected == nil,
                        !partition.log.changes.isEmpty
                    else { return nil }
                    let checkpoint = partition.log.checkpoint
                    return checkpoint.lastRecord.isEmpty ? nil : (partition.log.changes, checkpoint)
                }
                guard let (rows, checkpoint) = changed else { continue }
                do {
                    try index.store(rows, checkpoint, of: number)
                    state.withLock { state in
                        state.partitions[number]?.log.stored(rows)
                        state.indexFailure = nil
                    }
                } catch JournalIndexError.lost {
                    eventsContinuation.yield(.indexLost(number))
                } catch {
                    // Kept in memory, and tried again with the next change.
                    let failure = error as? JournalIndexError ?? .failed(code: -1)
                    let isFirst = state.withLock { state in
                        defer { state.indexFailure = failure }
                        return state.indexFailure == nil
                    }
                    guard isFirst else { continue }
                    logger.error(
                        "the journal's index cannot be written: \(failure)",
                        metadata: .of([.partition: "\(number)"]))
                }
            }
        }
    }
}
