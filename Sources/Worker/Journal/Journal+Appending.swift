import Shared
import Synchronization

/// Writing to the topic, and knowing what became of it.
extension Journal {
    /// Appends a record and waits until it was read back.
    ///
    /// It is sent again, unchanged, as long as the broker provably or possibly does not have it: the producer keeps the
    /// order of one process's records, so that a repeat cannot come in behind a later state.
    /// - Parameter isTooLate: asked between attempts; `true` gives up.
    func append(
        _ record: JournalRecord, to partition: Int32, isTooLate: @Sendable () -> Bool = { false }
    ) async -> AppendOutcome {
        let written = try? codec.record(
            for: record, of: provider, partition: partition, atMilliseconds: clock.unixMilliseconds)
        guard let written else { return .notWritable }
        return await append(written, id: record.id, epoch: record.mark.epoch, isTooLate: isTooLate)
    }

    /// Appends a record that is written already.
    func append(
        _ record: KafkaRecord, id: String, epoch: Int64, isTooLate: @Sendable () -> Bool = { false }
    ) async -> AppendOutcome {
        state.withLock { $0.waiters[id] = Waiter() }
        defer { _ = state.withLock { $0.waiters.removeValue(forKey: id) } }
        let backoff = settings.appendBackoff
        var attempt = 1
        var mayBeStored = false
        while !Task.isCancelled {
            var limit = settings.readBackLimit
            do throws(KafkaSendError) {
                try await sender.send(record)
                mayBeStored = true
                if faults.contains(.readBackSkipped), !id.hasPrefix("owner") { return .valid }
                while true {
                    if let verdict = await verdict(of: id, within: limit) { return verdict == .valid ? .valid : .void }
                    if isTooLate() || Task.isCancelled { return .unconfirmed }
                }
            } catch {
                if error.code == .messageTooLarge { return .notWritable }
                mayBeStored = mayBeStored || error.mayBeStored
                limit = .seconds(1)
            }
            if mayBeStored, let verdict = await verdict(of: id, within: limit) {
                return verdict == .valid ? .valid : .void
            }
            // What another owner's record stands before can only become void.
            if isOutdated(epoch, record.partition), !mayBeStored { return .void }
            if isTooLate() { return .unconfirmed }
            guard await timing.delay(for: backoff.delay(afterAttempt: attempt)) else { break }
            attempt += 1
        }
        return .unconfirmed
    }

    private func isOutdated(_ epoch: Int64, _ partition: Int32) -> Bool {
        state.withLock { ($0.partitions[partition]?.log.checkpoint.epoch ?? 0) > epoch }
    }

    /// Waits for a record to be read back; `nil` when the time is over.
    private func verdict(of id: String, within limit: Duration) async -> JournalLog.Verdict? {
        let deadline = timing.now + limit
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let (isOver, known): (Bool, JournalLog.Verdict?) = state.withLock { state in
                    guard var waiter = state.waiters[id] else { return (true, nil) }
                    if let verdict = waiter.verdict { return (true, verdict) }
                    if Task.isCancelled { return (true, nil) }
                    waiter.continuation = continuation
                    waiter.deadline = deadline
                    state.waiters[id] = waiter
                    return (false, nil)
                }
                if isOver { continuation.resume(returning: known) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiters[id]?.continuation
                state.waiters[id]?.continuation = nil
                return continuation
            }
            continuation?.resume(returning: nil)
        }
    }

    /// Ends the waits whose time is over.
    func expireWaiters() {
        let now = timing.now
        let expired = state.withLock { state in
            // In a fixed order, so that a run can be repeated.
            let ids = state.waiters.filter { $0.value.continuation != nil && $0.value.deadline <= now }.keys.sorted()
            return ids.compactMap { id in
                defer { state.waiters[id]?.continuation = nil }
                return state.waiters[id]?.continuation
            }
        }
        for continuation in expired { continuation.resume(returning: nil) }
    }

    /// Writes a state of an entry once more, so that the last record in the log is a valid one.
    ///
    /// - Returns: `false` when the state could not be confirmed.
    @discardableResult
    func repair(_ key: JournalKey, in partition: Int32) async -> Bool {
        let found = state.withLock { state -> (row: JournalRow, epoch: Int64)? in
            guard let partition = state.partitions[partition], let epoch = partition.epoch,
                let row = partition.log.attention[key], row.needsRepair
            else { return nil }
            return (row, epoch)
        }
        guard let (row, epoch) = found else { return true }
        var mark = row.mark
        mark.epoch = epoch
        mark.repeats = row.stateOffset
        return await again(row.value, key, mark, partition)
    }

    /// Ends an entry, if it is still in the state of the row.
    func end(_ row: JournalRow, in partition: Int32, epoch: Int64) async {
        var mark = JournalMark(epoch: epoch)
        mark.repeats = row.stateOffset
        _ = await again(nil, row.key, mark, partition)
    }

    private func again(_ value: [UInt8]?, _ key: JournalKey, _ mark: JournalMark, _ partition: Int32) async -> Bool {
        let id = makeID("repeat", epoch: mark.epoch)
        let record = codec.record(
            repeating: value, id: id, key: key, mark: mark, of: provider, partition: partition,
            atMilliseconds: clock.unixMilliseconds)
        let limit = timing.now + settings.readBackLimit * 2
        let timing = timing
        return await append(record, id: id, epoch: mark.epoch, isTooLate: { timing.now > limit }) == .valid
    }
}
