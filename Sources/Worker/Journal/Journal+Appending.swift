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

    /// An append under way.
    private struct Begun {
        var number: UInt64
        var writer: JournalWriter
        /// Whether the record counts as its owner's; otherwise it is a fact that an owner before told too late.
        var isOwner: Bool
        /// Whether any producer of the process may send it.
        var isAnyGeneration = false
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
            guard let begun = begin(partition, as: epoch, Waiter(entry: hash, known: mark.known), isFact: mark.isFact)
            else { return .void }
            let id = makeID("r", epoch: epoch)
            let record = JournalRecord(id: id, key: JournalRecordKey(draft.key, begun.writer), mark: mark, value: value)
            let now = clock.unixMilliseconds
            let reading = JournalReading(
                offset: 0, timestampMilliseconds: now, writer: begun.writer, id: .init(id), subject: .entry(hash),
                mark: mark, key: draft.key)
            let sent = codec.record(for: record, of: provider, partition: partition)
            switch await send(sent, reading, begun, isTooLate) {
            case .judged(.valid): return .valid
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
        let now = clock.unixMilliseconds
        let record = codec.ownerRecord(
            id: id, epoch: epoch, summary: JournalSummary(changedAtMilliseconds: now, writer: instance), of: provider,
            partition: partition)
        let writer = JournalWriter(epoch: epoch, generation: 0)
        let reading = JournalReading(
            offset: 0, timestampMilliseconds: now, writer: writer, id: .init(id), subject: .owner, mark: JournalMark(),
            key: nil)
        let begun = Begun(number: nextNumber(), writer: writer, isOwner: true, isAnyGeneration: true)
        state.withLock { state in
            state.waiters[begun.number] = Waiter()
            state.partitions[partition]?.sent()
        }
        if case .judged(.valid) = await send(record, reading, begun, isTooLate) { return true }
        return false
    }

    private func nextNumber() -> UInt64 { serial.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Begins to append an entry's record; `nil` when this process may not.
    private func begin(_ partition: Int32, as epoch: Int64, _ waiter: Waiter, isFact: Bool) -> Begun? {
        let generation = sender.generation
        var begun = Begun(
            number: nextNumber(), writer: JournalWriter(epoch: epoch, generation: generation), isOwner: false)
        return state.withLock { state in
            begun.isOwner = state.partitions[partition]?.role.writer == begun.writer
            guard begun.isOwner || isFact else { return nil }
            state.waiters[begun.number] = waiter
            if begun.isOwner { state.partitions[partition]?.sent() }
            return begun
        }
    }

    /// Sends a record and waits for what becomes of it.
    private func send(
        _ record: KafkaRecord, _ reading: JournalReading, _ begun: Begun, _ isTooLate: @Sendable () -> Bool
    ) async -> Answer {
        let (number, partition) = (begun.number, record.partition)
        sender.submit(record, generation: begun.isAnyGeneration ? nil : begun.writer.generation) { [self] result in
            switch result {
            case .failure(let error):
                resume(
                    state.withLock { state in
                        if begun.isOwner { state.partitions[partition]?.failed() }
                        return resolve(number, .failed(error), &state)
                    })
            case .success where !begun.isOwner: resume(state.withLock { resolve(number, .stored, &$0) })
            case .success(let place):
                var stored = reading
                stored.offset = place.offset
                acknowledged(number, stored, record)
            }
        }
        while true {
            let answer = await answer(to: number, within: settings.appendLimit)
            guard case .silence = answer else { return answer }
            guard isTooLate() || Task.isCancelled else { continue }
            _ = state.withLock { $0.waiters.removeValue(forKey: number) }
            return answer
        }
    }

    /// The broker has acknowledged an owner's record.
    private func acknowledged(_ number: UInt64, _ reading: JournalReading, _ record: KafkaRecord) {
        let partition = record.partition
        change(partition) { state in
            if reading.offset >= 0, case .entry(let hash) = reading.subject, let value = record.value {
                if let old = state.partitions[partition]?.log.entries.offset(of: hash) {
                    state.cache.drop(old, of: partition)
                }
                state.cache.keep(
                    reading.offset, of: partition, key: record.key ?? [], mark: record.headers.last?.value ?? [],
                    value: value, timestampMilliseconds: reading.timestampMilliseconds)
            }
            return state.partitions[partition]?.acknowledged(number, reading) ?? []
        }
    }

    // MARK: - Waiting

    /// Notes what is known of an append; whoever waits for it is to be resumed outside of the lock.
    func resolve(_ number: UInt64, _ answer: Answer, _ state: inout State) -> Resumption? {
        guard let waiter = state.waiters[number], waiter.answer == nil else { return nil }
        guard let continuation = waiter.continuation else {
            state.waiters[number]?.answer = answer
            return nil
        }
        state.waiters[number] = nil
        return Resumption(continuation: continuation, answer: answer)
    }

    func resume(_ resumption: Resumption?) {
        resumption?.continuation.resume(returning: resumption?.answer ?? .silence)
    }

    private func answer(to number: UInt64, within limit: Duration) async -> Answer {
        let deadline = timing.now + limit
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let known = state.withLock { state -> Answer? in
                    guard let waiter = state.waiters[number] else { return .silence }
                    if let answer = waiter.answer {
                        state.waiters[number] = nil
                        return answer
                    }
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
