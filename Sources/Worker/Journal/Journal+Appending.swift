import Shared
import Synchronization

/// Writing to the topic, and knowing what became of it.
extension Journal {
    /// A record of an entry that is to be appended.
    struct Draft: Sendable {
        var key: JournalKey
        var mark: JournalMark
        var summary: JournalSummary
        var content: [UInt8]
    }

    /// Where to append, and as whom.
    private struct Permission {
        var writer: JournalWriter
        /// Whether the record counts as its owner's; otherwise it is a fact that an owner before told too late.
        var isOwner: Bool
    }

    /// Appends a record and waits until it is known whether it counts.
    ///
    /// It is sent again as long as the broker provably or possibly does not have it: an entry is written by one task at
    /// a time, and the producer keeps the order of one process's records, so that a repeat cannot come in behind a
    /// later state. Facts are appended also by who has lost the partition; all else only by its owner.
    /// - Parameter isTooLate: asked between attempts; `true` gives up.
    func append(
        _ draft: Draft, to partition: Int32, epoch: Int64, isTooLate: @Sendable () -> Bool = { false }
    ) async -> AppendOutcome {
        var mark = draft.mark
        mark.sealingKeyID = codec.sealingKeyID
        guard let value = try? codec.journalValue(draft.summary, draft.content, of: draft.key, provider: provider)
        else { return .notWritable }
        let hash = hash.of(draft.key)
        var attempt = 1
        while !Task.isCancelled {
            guard let permission = permission(partition, epoch, isFact: mark.isFact) else { return .void }
            let id = makeID("r", epoch: epoch)
            let record = JournalRecord(
                id: id, key: JournalRecordKey(draft.key, permission.writer), mark: mark, value: value)
            let reading = JournalReading(
                offset: 0, timestampMilliseconds: clock.unixMilliseconds, writer: permission.writer,
                id: .init(id), subject: .entry(hash), mark: mark, key: draft.key)
            let sent = codec.record(
                for: record, of: provider, partition: partition, atMilliseconds: clock.unixMilliseconds)
            switch await send(sent, reading, record, isOwner: permission.isOwner, isTooLate) {
            case .judged(.valid): return isKnown(hash, from: mark.known, partition) ? .valid : .void
            case .judged(.late), .stored: return .void
            case .silence: return .unconfirmed
            case .failed(let error):
                if error.code == .messageTooLarge { return .notWritable }
                if isTooLate() { return .unconfirmed }
            }
            guard await timing.delay(for: settings.appendBackoff.delay(afterAttempt: attempt)) else { break }
            attempt += 1
        }
        return .unconfirmed
    }

    /// Appends an owner's record once, and waits until it is known whether it counts.
    func appendOwner(_ id: String, epoch: Int64, to partition: Int32, _ isTooLate: @Sendable () -> Bool) async -> Bool {
        let summary = JournalSummary(changedAtMilliseconds: clock.unixMilliseconds, writer: instance)
        let record = codec.ownerRecord(
            id: id, epoch: epoch, summary: summary, of: provider, partition: partition,
            atMilliseconds: clock.unixMilliseconds)
        let reading = JournalReading(
            offset: 0, timestampMilliseconds: clock.unixMilliseconds,
            writer: JournalWriter(epoch: epoch, generation: 0), id: .init(id), subject: .owner, mark: JournalMark(),
            key: nil)
        if case .judged(.valid) = await send(record, reading, nil, isOwner: true, isTooLate) { return true }
        return false
    }

    /// Whether the owner's record of an entry was written with all in mind that the log says of it by now.
    private func isKnown(_ hash: JournalEntryHash, from known: Int64, _ partition: Int32) -> Bool {
        state.withLock { !($0.partitions[partition]?.log.hasLate(hash, from: known) ?? true) }
    }

    private func permission(_ partition: Int32, _ epoch: Int64, isFact: Bool) -> Permission? {
        let generation = sender.generation
        return state.withLock { state in
            guard let found = state.partitions[partition] else { return nil }
            if let writer = found.role.writer, writer.epoch == epoch, writer.generation == generation {
                return Permission(writer: writer, isOwner: true)
            }
            guard isFact else { return nil }
            return Permission(writer: JournalWriter(epoch: epoch, generation: generation), isOwner: false)
        }
    }

    /// Sends a record and waits for what becomes of it.
    private func send(
        _ record: KafkaRecord, _ reading: JournalReading, _ entry: JournalRecord?, isOwner: Bool,
        _ isTooLate: @Sendable () -> Bool
    ) async -> Answer {
        let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
        let partition = record.partition
        state.withLock { state in
            state.waiters[number] = Waiter()
            if isOwner { state.partitions[partition]?.sent() }
        }
        defer { _ = state.withLock { $0.waiters.removeValue(forKey: number) } }
        let generation = reading.subject == .owner ? nil : reading.writer.generation
        sender.submit(record, generation: generation) { [self] result in
            switch result {
            case .failure(let error):
                if isOwner { state.withLock { $0.partitions[partition]?.failed() } }
                resolve(number, .failed(error))
            case .success where !isOwner: resolve(number, .stored)
            case .success(let place):
                var stored = reading
                stored.offset = place.offset
                acknowledged(number, stored, entry, partition)
            }
        }
        while true {
            let answer = await answer(to: number, within: settings.appendLimit)
            if case .silence = answer, !isTooLate(), !Task.isCancelled { continue }
            return answer
        }
    }

    /// The broker has acknowledged an owner's record.
    private func acknowledged(
        _ number: UInt64, _ reading: JournalReading, _ record: JournalRecord?, _ partition: Int32
    ) {
        change(partition) { state in
            if let record, reading.offset >= 0 {
                if case .entry(let hash) = reading.subject,
                    let old = state.partitions[partition]?.log.entries.offset(of: hash)
                {
                    state.cache.drop(old, of: partition)
                }
                state.cache.keep(
                    JournalStoredRecord(
                        key: record.key, mark: record.mark, value: record.value, offset: reading.offset,
                        timestampMilliseconds: reading.timestampMilliseconds),
                    of: partition)
            }
            return state.partitions[partition]?.acknowledged(number, reading) ?? []
        }
    }

    // MARK: - Waiting

    func resolve(_ number: UInt64, _ answer: Answer) {
        let continuation = state.withLock { state -> UnsafeContinuation<Answer, Never>? in
            guard state.waiters[number]?.answer == nil else { return nil }
            let continuation = state.waiters[number]?.continuation
            state.waiters[number]?.continuation = nil
            state.waiters[number]?.answer = answer
            return continuation
        }
        continuation?.resume(returning: answer)
    }

    private func answer(to number: UInt64, within limit: Duration) async -> Answer {
        let deadline = timing.now + limit
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let known = state.withLock { state -> Answer? in
                    guard let waiter = state.waiters[number] else { return .silence }
                    if let answer = waiter.answer { return answer }
                    if Task.isCancelled { return .silence }
                    state.waiters[number]?.continuation = continuation
                    state.waiters[number]?.deadline = deadline
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiters[number]?.continuation
                state.waiters[number]?.continuation = nil
                return continuation
            }
            continuation?.resume(returning: .silence)
        }
    }

    /// Ends the waits whose time is over.
    func expireWaiters() {
        let now = timing.now
        let expired = state.withLock { state in
            // In a fixed order, so that a run can be repeated.
            let waiters = state.waiters.filter { $0.value.continuation != nil && $0.value.deadline <= now }
            let numbers = waiters.keys.sorted()
            return numbers.compactMap { number in
                defer { state.waiters[number]?.continuation = nil }
                return state.waiters[number]?.continuation
            }
        }
        for continuation in expired { continuation.resume(returning: .silence) }
    }
}
