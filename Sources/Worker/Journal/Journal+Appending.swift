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
            if faults.contains(.readBackSkipped), !id.hasPrefix("owner"), (try? await sender.send(record)) != nil {
                return .valid
            }
            // What was read back is stored: nobody waits for the acknowledgement, only for its failure.
            sender.submit(record) { [self] result in
                if case .failure(let error) = result { failed(id, error) }
            }
            let failure: KafkaSendError
            switch await answer(to: id, isTooLate) {
            case .verdict(let verdict): return verdict == .valid ? .valid : .void
            case .silence: return .unconfirmed
            case .failed(let error): failure = error
            }
            if failure.code == .messageTooLarge { return .notWritable }
            mayBeStored = mayBeStored || failure.mayBeStored
            if mayBeStored, case .verdict(let verdict) = await answer(to: id, within: .seconds(1)) {
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
        state.withLock { ($0.partitions[partition]?.log.epoch ?? 0) > epoch }
    }

    /// Waits for a record to be read back, or for its failure, until it is too late.
    private func answer(to id: String, _ isTooLate: @Sendable () -> Bool) async -> Answer {
        while true {
            let answer = await answer(to: id, within: settings.readBackLimit)
            if case .silence = answer, !isTooLate(), !Task.isCancelled { continue }
            return answer
        }
    }

    private func answer(to id: String, within limit: Duration) async -> Answer {
        let deadline = timing.now + limit
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let known = state.withLock { state -> Answer? in
                    guard var waiter = state.waiters[id] else { return .silence }
                    defer { state.waiters[id] = waiter }
                    if let verdict = waiter.verdict { return .verdict(verdict) }
                    if let failure = waiter.failure {
                        waiter.failure = nil
                        return .failed(failure)
                    }
                    if Task.isCancelled { return .silence }
                    waiter.continuation = continuation
                    waiter.deadline = deadline
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiters[id]?.continuation
                state.waiters[id]?.continuation = nil
                return continuation
            }
            continuation?.resume(returning: .silence)
        }
    }

    /// The broker has not acknowledged a record.
    private func failed(_ id: String, _ error: KafkaSendError) {
        let continuation = state.withLock { state -> UnsafeContinuation<Answer, Never>? in
            guard var waiter = state.waiters[id] else { return nil }
            defer { state.waiters[id] = waiter }
            let continuation = waiter.continuation
            waiter.continuation = nil
            if continuation == nil { waiter.failure = error }
            return continuation
        }
        continuation?.resume(returning: .failed(error))
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
        for continuation in expired { continuation.resume(returning: .silence) }
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
