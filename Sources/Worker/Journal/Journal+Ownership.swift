import Logging
public import ServiceLifecycle
import Shared
import Synchronization

/// Becoming the owner of partitions, and what an owner does besides commands.
extension Journal: Service {
    /// Works until it is cancelled or the process stops.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.tick() }
            group.addTask { await self.serve() }
            // The regular duties end when the process stops.
            await group.next()
            group.cancelAll()
        }
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            for await event in events {
                if Task.isCancelled { break }
                group.addTask {
                    switch event {
                    case .acquire(let partition, let assignment, let isAgain):
                        await self.acquire(partition, assignment, isAgain: isAgain)
                    case .ask: await self.ask()
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// The consumer was given partitions; called on its thread.
    public func assigned(_ partitions: [Int32]) {
        let begun = state.withLock { state in
            partitions.map { number in
                state.assignments += 1
                state.partitions[number]?.assigned(state.assignments)
                state.open.remove(number)
                return Event.acquire(number, assignment: state.assignments, isAgain: false)
            }
        }
        for event in begun { eventsContinuation.yield(event) }
    }

    /// The consumer lost partitions; called on its thread.
    ///
    /// Effects under way settle under their old epoch.
    public func revoked(_ partitions: [Int32]) {
        state.withLock { state in
            for number in partitions {
                state.partitions[number]?.revoked()
                state.open.remove(number)
            }
        }
    }

    /// The process's producer has failed for good, and nothing of it counts any more: every owned partition is let go
    /// and taken anew.
    public func producerFailed() {
        let lost = state.withLock { state in
            state.partitions.keys.sorted().compactMap { number -> (Int32, UInt64)? in
                guard let assignment = state.partitions[number]?.producerFailed() else { return nil }
                state.open.remove(number)
                return (number, assignment)
            }
        }
        for (partition, assignment) in lost {
            owner.withLock { $0 }?.held(partition)
            eventsContinuation.yield(.acquire(partition, assignment: assignment, isAgain: false))
        }
    }

    /// Appends owner's records until one of them is valid, or the partition is not assigned any more.
    private func acquire(_ partition: Int32, _ assignment: UInt64, isAgain: Bool) async {
        if isAgain {
            guard await timing.pause(for: settings.reacquireDelay) else { return }
        }
        var attempt = 1
        while isAcquiring(partition, assignment), !Task.isCancelled {
            if await catchUp(partition), await own(partition, assignment) { return }
            guard await timing.pause(for: settings.appendBackoff.delay(afterAttempt: attempt)) else { return }
            attempt += 1
        }
    }

    private func own(_ partition: Int32, _ assignment: UInt64) async -> Bool {
        let writer = state.withLock { state -> JournalWriter? in
            guard let found = state.partitions[partition], !found.isStopped else { return nil }
            return JournalWriter(epoch: found.log.writer.epoch + 1, generation: sender.generation)
        }
        guard let writer, hasNeededKeys else { return false }
        let id = makeID("owner", epoch: writer.epoch)
        guard
            await appendOwner(
                id, epoch: writer.epoch, to: partition, { !self.isAcquiring(partition, assignment) })
        else { return false }
        let isOwned = state.withLock { state in
            guard sender.generation == writer.generation,
                state.partitions[partition]?.owned(writer, .init(id), assignment) == true
            else { return false }
            state.open.insert(partition)
            return true
        }
        guard isOwned else { return false }
        logger.info(
            "partition of the journal owned", metadata: .of([.partition: "\(partition)", .epoch: "\(writer.epoch)"]))
        owner.withLock { $0 }?.opened(partition)
        return true
    }

    private func isAcquiring(_ partition: Int32, _ assignment: UInt64) -> Bool {
        state.withLock { $0.partitions[partition]?.role == .acquiring(assignment: assignment) }
    }

    /// Whether every key is in the ring that records of the log are sealed with; if not, no partition is owned any
    /// more.
    private var hasNeededKeys: Bool {
        let missing = missingSealingKeys
        if !missing.isEmpty { state.withLock { $0.lacksKeys = true } }
        return missing.isEmpty
    }

    /// Whether a partition could not be owned for want of keys: the process should end, so that others get it.
    public var lacksKeys: Bool { state.withLock { $0.lacksKeys } }

    /// Ids of keys that records of the log are sealed with and that are not in the ring.
    public var missingSealingKeys: [String] { sealingKeys.keys.filter { !codec.hasSealingKey($0) }.sorted() }

    // MARK: - Reading up to the end

    /// Takes over the kept index, and waits until the whole journal was read as far as it goes at this moment, where
    /// all of it is followed, so that partitions which this process is given then stand still for a moment only.
    ///
    /// - Returns: `false` when the process stops first.
    public func catchUp() async -> Bool {
        if let snapshots { await restore(from: snapshots) }
        state.withLock { $0.isRestored = true }
        guard settings.standby == .all else { return true }
        await ask()
        for partition in 0..<settings.partitions {
            while await !catchUp(partition) {
                guard await timing.pause(for: settings.tick) else { return false }
            }
        }
        return true
    }

    /// Waits until a partition was read as far as it goes at this moment; `false` when nobody says how far that is.
    private func catchUp(_ partition: Int32) async -> Bool {
        guard let bounds = await ask([partition])[partition] else { return false }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                let isThere = state.withLock { state in
                    let position = state.partitions[partition]?.log.position ?? 0
                    if position >= bounds.upperBound || Task.isCancelled { return true }
                    state.positions.append(
                        PositionWaiter(partition: partition, offset: bounds.upperBound, continuation: continuation))
                    return false
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                defer { state.positions.removeAll() }
                return state.positions
            }
            for waiter in waiting { waiter.continuation.resume() }
        }
        return state.withLock { state in
            guard let found = state.partitions[partition], found.log.position >= bounds.upperBound else { return false }
            state.partitions[partition]?.caughtUp()
            return true
        }
    }

    /// How far the partitions were read that are followed or assigned: their ends are asked for regularly.
    public var followedPositions: [Int32: Int64] {
        state.withLock { state in
            guard state.isRestored else { return [:] }
            // Who has lost a partition still waits for what became of its last records.
            return state.partitions.filter { _, partition in
                settings.standby == .all || partition.role != .following || partition.isAppending
            }.mapValues { $0.log.position }
        }
    }

    private func ask() async { await ask(Set(followedPositions.keys)) }

    /// Asks where partitions begin and end, and reads what is missing.
    @discardableResult
    private func ask(_ partitions: Set<Int32>) async -> [Int32: Range<Int64>] {
        guard !partitions.isEmpty else { return [:] }
        let (source, positions) = state.withLock { state in
            (state.source, state.partitions.mapValues { $0.log.position })
        }
        guard let bounds = await source?.bounds(of: partitions) else { return [:] }
        bounded(bounds, askedAt: positions)
        return bounds
    }

    /// Partitions begin and end here, as the broker said when they were read up to these positions.
    public func bounded(_ bounds: [Int32: Range<Int64>], askedAt positions: [Int32: Int64]) {
        for (partition, range) in bounds.sorted(by: { $0.key < $1.key }) {
            change(partition) { state in
                state.ends[partition] = range.upperBound
                return state.partitions[partition]?.bounded(
                    range, askedAt: positions[partition] ?? 0, isFollowed: settings.standby == .all) ?? []
            }
        }
    }

    // MARK: - From time to time

    private func tick() async {
        var keysTold = timing.now
        while await timing.pause(for: settings.tick) {
            expireWaiters()
            await announceDue()
            guard timing.now - keysTold > Self.keysInterval else { continue }
            keysTold = timing.now
            tellKeys()
        }
    }

    private static let keysInterval: Duration = .seconds(10)

    private func tellKeys() {
        for (id, last) in sealingKeys {
            let end = last / 1000 + settings.retention.components.seconds
            metrics.key(id, isPresent: codec.hasSealingKey(id), neededUntil: end)
        }
    }

    /// Tells the owner of entries that have been open for a while.
    private func announceDue() async {
        let now = timing.now
        let due = state.withLock { state in
            var due: [(partition: Int32, hash: JournalEntryHash, offset: Int64)] = []
            for number in state.open.sorted() where state.partitions[number]?.isOwned == true {
                for (hash, entry) in state.due[number] ?? [:] where entry.at <= now {
                    let delay = settings.dueBackoff.delay(afterAttempt: entry.times + 2)
                    state.due[number]?[hash]?.times += 1
                    state.due[number]?[hash]?.at = now + delay
                    due.append((number, hash, entry.offset))
                }
            }
            return due.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
        }
        guard !due.isEmpty, let owner = owner.withLock({ $0 }) else { return }
        for entry in due {
            guard let record = try? await load(entry.hash, of: entry.partition).state, let lane = lane(of: record)
            else {
                logger.error(
                    "an open entry of the journal cannot be read", metadata: .of([.partition: "\(entry.partition)"]))
                continue
            }
            owner.isDue(record.key.entry, lane: lane, partition: entry.partition)
        }
    }

    private func lane(of record: JournalStoredRecord) -> Lane? {
        let key = record.key.entry
        if key.isPayment { return .shopTransaction(String(key.text.dropFirst(2))) }
        let state = try? content(EffectState.self, of: record)
        return state.flatMap { Lane(key: $0.lane) }
    }
}
