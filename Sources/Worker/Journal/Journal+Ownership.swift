import Logging
public import ServiceLifecycle
import Shared
import Synchronization

/// Becoming the owner of partitions, and what an owner does besides commands.
extension Journal: Service {
    /// Works until it is cancelled or the process stops; what the topic said is in the index then.
    ///
    /// Throws ``JournalIndexError/failed(code:)`` when the index has taken nothing for so long that memory would be at
    /// risk: the process has to end, and others take its partitions over.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.tick() }
            group.addTask { await self.serve() }
            group.addTask { await self.sweepRegularly() }
            try await group.next()
            group.cancelAll()
        }
        await blocking.run { self.flush() }
    }

    /// The consumer was given partitions; called on its thread.
    public func assigned(_ partitions: [Int32]) {
        let (begun, all, source) = state.withLock { state in
            var begun: [Event] = []
            for number in partitions {
                state.assignments += 1
                let assignment = state.assignments
                state.partitions[number, default: Partition()].assignment = assignment
                state.partitions[number]?.isOpen = false
                state.partitions[number]?.epoch = nil
                begun.append(.acquire(number, assignment: assignment, isAgain: false))
            }
            return (begun, Self.assigned(state), state.source)
        }
        source?.assignmentChanged(all)
        for event in begun { eventsContinuation.yield(event) }
    }

    /// The consumer lost partitions; called on its thread.
    ///
    /// Effects under way settle under their old epoch.
    public func revoked(_ partitions: [Int32]) {
        let (all, source) = state.withLock { state in
            for number in partitions {
                state.partitions[number]?.assignment = nil
                state.partitions[number]?.epoch = nil
                state.partitions[number]?.candidate = nil
                state.partitions[number]?.isOpen = false
            }
            return (Self.assigned(state), state.source)
        }
        source?.assignmentChanged(all)
    }

    private static func assigned(_ state: State) -> Set<Int32> {
        Set(state.partitions.filter { $0.value.assignment != nil }.keys)
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            for await event in events {
                if Task.isCancelled { break }
                group.addTask {
                    switch event {
                    case .acquire(let partition, let assignment, let isAgain):
                        await self.acquire(partition, assignment, isAgain: isAgain)
                    case .owned(let partition): await self.prepare(partition)
                    case .repair(let partition, let key): await self.repair(key, in: partition)
                    case .indexLost(let partition): await self.blocking.run { self.rebuild(partition) }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Appends owner records until one of them is valid, or the partition is not assigned any more.
    private func acquire(_ partition: Int32, _ assignment: UInt64, isAgain: Bool) async {
        if isAgain {
            guard await timing.pause(for: settings.reacquireDelay) else { return }
        }
        let backoff = settings.appendBackoff
        var attempt = 1
        while isCurrent(partition, assignment), !Task.isCancelled {
            await catchUp(partition)
            let record = state.withLock { state -> JournalRecord? in
                guard let found = state.partitions[partition], found.assignment == assignment, !found.isStopped else {
                    return nil
                }
                let epoch = found.log.epoch + 1
                let id = makeID("owner", epoch: epoch)
                state.partitions[partition]?.candidate = id
                let summary = JournalSummary(changedAtMilliseconds: clock.unixMilliseconds, writer: instance)
                return JournalRecord(
                    id: id, key: .owner, mark: JournalMark(epoch: epoch), summary: summary,
                    content: Array("{}".utf8))
            }
            if let record {
                let outcome = await append(
                    record, to: partition, isTooLate: { !self.isCurrent(partition, assignment) })
                if outcome == .valid { return }
            }
            guard await timing.pause(for: backoff.delay(afterAttempt: attempt)) else { return }
            attempt += 1
        }
    }

    private func isCurrent(_ partition: Int32, _ assignment: UInt64) -> Bool {
        state.withLock { $0.partitions[partition]?.assignment == assignment }
    }

    /// Waits until the log was read as far as it went at this moment, within a limit: what is missing then is read
    /// before the own record all the same.
    private func catchUp(_ partition: Int32) async {
        let source = state.withLock { $0.source }
        guard let end = await source?.endOffset(of: partition) else { return }
        var last: Int64 = -1
        while true {
            let position = state.withLock { $0.partitions[partition]?.log.position ?? 0 }
            // A log can end in offsets without records; when nothing comes any more, this is all there is.
            if position >= end || position == last { return }
            last = position
            guard await timing.pause(for: settings.tick * 2) else { return }
        }
    }

    /// Repairs what void records have left, then opens the partition.
    private func prepare(_ partition: Int32) async {
        let keys = state.withLock { state in
            (state.partitions[partition]?.log.attention.values.filter(\.needsRepair) ?? [])
                .sorted { $0.offset < $1.offset }.map(\.key)
        }
        for key in keys { await repair(key, in: partition) }
        let epoch = state.withLock { state -> Int64? in
            guard let epoch = state.partitions[partition]?.epoch else { return nil }
            state.partitions[partition]?.isOpen = true
            return epoch
        }
        guard let epoch else { return }
        logger.info("partition of the journal owned", metadata: .of([.partition: "\(partition)", .epoch: "\(epoch)"]))
        owner.withLock { $0 }?.opened(partition)
    }

    // MARK: - From time to time

    private func tick() async throws {
        var flushed = timing.now
        while await timing.pause(for: settings.tick) {
            expireWaiters()
            if timing.now - flushed >= settings.flushInterval {
                flushed = timing.now
                await blocking.run { self.flush() }
                try checkIndex()
            }
            announceDue()
        }
    }

    private func checkIndex() throws(JournalIndexError) {
        let (failure, unstored) = state.withLock { state in
            (state.indexFailure, state.partitions.values.reduce(0) { $0 + $1.log.changes.count })
        }
        guard let failure, unstored >= settings.unstoredMax else { return }
        logger.critical("the journal's index cannot be written; the process ends before its memory does")
        throw failure
    }

    /// Tells the owner of entries that have been open for a while.
    private func announceDue() {
        let now = timing.now
        let due = state.withLock { state in
            var due: [(partition: Int32, key: JournalKey, row: JournalRow)] = []
            for (number, partition) in state.partitions where partition.isOpen && partition.epoch != nil {
                for (key, entry) in partition.due where entry.at <= now {
                    guard let row = partition.log.attention[key] else { continue }
                    let delay = settings.dueBackoff.delay(afterAttempt: entry.times + 2)
                    state.partitions[number]?.due[key] = (entry.times + 1, now + delay)
                    due.append((number, key, row))
                }
            }
            return due.sorted { ($0.partition, $0.row.offset) < ($1.partition, $1.row.offset) }
        }
        guard !due.isEmpty, let owner = owner.withLock({ $0 }) else { return }
        for entry in due {
            guard let lane = lane(of: entry.row) else {
                logger.error(
                    "an open entry of the journal cannot be read", metadata: .of([.partition: "\(entry.partition)"]))
                continue
            }
            owner.isDue(entry.key, lane: lane, partition: entry.partition)
        }
    }

    private func lane(of row: JournalRow) -> Lane? {
        if row.key.isPayment { return .shopTransaction(String(row.key.text.dropFirst(2))) }
        guard let value = row.value else { return nil }
        let state = try? codec.journalContent(EffectState.self, from: value, key: row.key, of: provider)
        return state.flatMap { Lane(key: $0.lane) }
    }

    private func sweepRegularly() async {
        while await timing.pause(for: settings.sweepInterval) {
            let owned = state.withLock { state in
                state.partitions.compactMapValues { $0.isOpen ? $0.epoch : nil }
            }
            for (partition, epoch) in owned.sorted(by: { $0.key < $1.key }) where !Task.isCancelled {
                await sweep(partition, epoch)
            }
        }
    }

    /// Ends entries that nobody can ask for any more.
    private func sweep(_ partition: Int32, _ epoch: Int64) async {
        let now = clock.unixMilliseconds
        let found = Mutex<[JournalKey]>([])
        await blocking.run {
            let keys = try? self.index.expiredKeys(of: partition, atMilliseconds: now, limit: self.settings.sweepMax)
            found.withLock { $0 = keys ?? [] }
        }
        for key in found.withLock({ $0 }) where !Task.isCancelled {
            guard let row = try? await row(key, of: partition), !row.mark.isOpen,
                let expiry = row.mark.expiresAtMilliseconds, expiry < now
            else { continue }
            await end(row, in: partition, epoch: epoch)
        }
    }
}
