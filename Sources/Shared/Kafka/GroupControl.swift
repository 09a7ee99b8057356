import CRdKafka
import Logging
import Synchronization

/// The control thread of a group's consumer: rebalances, commits, errors and the end. Commits happen here only, so that
/// none can race with a rebalance.
extension KafkaGroupConsumer {
    /// How often the handler is asked what can be committed.
    static let commitInterval: Duration = .seconds(1)
    /// How long the commit of a revocation may take.
    static let lastCommitLimit: Duration = .seconds(3)
    /// How long leaving the group may take, after the handler is done.
    static let leaveLimit: Duration = .seconds(5)
    /// How long one attempt to move partitions to other offsets may take.
    static let seekLimit: Duration = .seconds(2)
    /// How long one question for reachability may hold up events while no broker is connected.
    static let probeLimit: Duration = .milliseconds(250)

    /// Everything from joining the group to freeing the client.
    func serve() {
        let reading = KafkaThread.start("pgm-kafka-messages") { [self] in read() }
        if state.withLock({ $0.closeDeadline == nil }) { subscribe() }
        var nextCommit = ContinuousClock.now + Self.commitInterval
        while state.withLock({ $0.closeDeadline == nil }) {
            probe()
            let control = state.withLock { $0.control }
            let left = max(.zero, nextCommit - .now)
            if let event = control?.poll(for: min(left, Self.longestWait)) { handle(event) }
            performCommands()
            guard nextCommit <= .now else { continue }
            nextCommit = .now + Self.commitInterval
            commit(toQueue: control)
        }
        leave(reading)
    }

    private func subscribe() {
        guard let list = rd_kafka_topic_partition_list_new(Int32(clamping: topics.count)) else { return }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for topic in topics { rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA) }
        let error = rd_kafka_subscribe(handle.pointer, list)
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { fail(KafkaError(error)) }
    }

    private func probe() {
        guard !state.withLock({ $0.assignment.isConnected }) else { return }
        guard handle.isReachable(within: Self.probeLimit) else { return }
        state.withLock { $0.assignment.isConnected = true }
    }

    private func handle(_ event: OpaquePointer) {
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_REBALANCE: rebalance(event)
        case RD_KAFKA_EVENT_OFFSET_COMMIT: noteCommit(rd_kafka_event_error(event))
        case RD_KAFKA_EVENT_ERROR:
            note(rd_kafka_event_error(event), isFatal: rd_kafka_event_error_is_fatal(event) != 0)
        case RD_KAFKA_EVENT_LOG:
            guard KafkaEventLog.emit(event, to: logger) else { return }
            state.withLock { $0.handler }?.alarmed(.offsetOutOfRange)
        case RD_KAFKA_EVENT_STATS:
            statistics.publish(event)
        case RD_KAFKA_EVENT_FETCH:
            // Messages come by their own queue; one that does not is a message all the same.
            deliverStray(event)
        default:
            break
        }
    }

    /// Errors that librdkafka reports on the way; it goes on by itself after all but fatal ones.
    func note(_ error: rd_kafka_resp_err_t, isFatal: Bool) {
        switch error {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            return
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            state.withLock { $0.assignment.isConnected = false }
            logger.warning("kafka consumer has lost all brokers")
        case RD_KAFKA_RESP_ERR__FATAL:
            fail(KafkaError(error))
        default:
            if isFatal { return fail(KafkaError(error)) }
            logger.warning("kafka consumer error", metadata: ["kafka.code": "\(error.rawValue)"])
        }
    }

    private func fail(_ error: KafkaError) {
        logger.critical("kafka consumer failed for good", metadata: ["kafka.code": "\(error.rawCode)"])
        state.withLock { $0.handler }?.alarmed(.fatal(error))
        close(drain: .zero)
    }

    // MARK: - Rebalances

    private func rebalance(_ event: OpaquePointer) {
        let list = rd_kafka_event_topic_partition_list(event)
        switch rd_kafka_event_error(event) {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            // While it closes, an assignment is only there to be let go of again.
            if state.withLock({ $0.closeDeadline == nil }) {
                assign(list)
            } else {
                rd_kafka_assign(handle.pointer, nil)
            }
        default:
            revoke()
        }
    }

    private func assign(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) {
        let partitions = PartitionList.partitions(list)
        guard let queue = makeMessageQueue(for: partitions) else {
            rd_kafka_assign(handle.pointer, nil)
            return alarm(KafkaError(code: .creationFailed))
        }
        let handler = state.withLock { $0.handler }
        if !partitions.isEmpty { handler?.assigned(partitions) }
        logger.info("kafka partitions assigned", metadata: ["kafka.partitions": "\(partitions.count)"])
        let idle = state.withLock { state in
            state.assignment.assign(partitions, queue: queue)
            state.assignment.isConnected = true
            return state.idle
        }
        let error = rd_kafka_assign(handle.pointer, list)
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { alarm(KafkaError(error)) }
        idle?.wake()
    }

    private func alarm(_ error: KafkaError) {
        logger.error("kafka assignment failed", metadata: ["kafka.code": "\(error.rawCode)"])
        state.withLock { $0.handler }?.alarmed(.assignmentFailed(error))
    }

    /// A queue to which the partitions' own queues are forwarded.
    ///
    /// It has to be done before they are assigned: librdkafka keeps an application's forward, and would else deliver to
    /// the control thread.
    private func makeMessageQueue(for partitions: [KafkaPartition]) -> KafkaQueue? {
        guard let queue = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle) else { return nil }
        for partition in partitions {
            let pointer = rd_kafka_queue_get_partition(handle.pointer, partition.topic, partition.partition)
            guard let source = KafkaQueue(pointer, of: handle) else { return nil }
            rd_kafka_queue_forward(source.pointer, queue.pointer)
        }
        return queue
    }

    private func revoke() {
        let isLost = rd_kafka_assignment_lost(handle.pointer) != 0
        let old = fence()
        let (partitions, stopped, handler) = state.withLock { state in
            (state.assignment.assigned, state.assignment.stopped, state.handler)
        }
        old?.wake()
        if !partitions.isEmpty { handler?.revoked(partitions, lost: isLost) }
        logger.info(
            "kafka partitions revoked",
            metadata: ["kafka.partitions": "\(partitions.count)", "kafka.lost": "\(isLost)"])
        if !isLost { commitLast() }
        // A pause outlives the assignment in librdkafka.
        PartitionList.with(stopped.map { KafkaOffset(partition: $0, offset: 0) }) { list in
            _ = rd_kafka_resume_partitions(handle.pointer, list)
        }
        state.withLock { $0.assignment.unassign() }
        rd_kafka_assign(handle.pointer, nil)
    }

    /// After this no message of the assignment is delivered: a delivery under way is waited for.
    private func fence() -> KafkaQueue? {
        delivery.withLock { _ in state.withLock { $0.assignment.fence() } }
    }

    // MARK: - Commits

    private func commit(toQueue queue: KafkaQueue?) {
        guard let queue, let handler = state.withLock({ $0.handler }) else { return }
        let offsets = handler.committableOffsets()
        let moved = state.withLock { $0.assignment.beginCommit(offsets) }
        guard !moved.isEmpty else { return }
        let error = PartitionList.with(moved) { list in
            rd_kafka_commit_queue(handle.pointer, list, queue.pointer, nil, nil)
        }
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { noteCommit(error) }
    }

    /// The commit of a revocation: waited for, within a limit, since the next owner starts from it.
    private func commitLast() {
        guard
            let handler = state.withLock({ $0.handler }),
            let answers = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle)
        else { return }
        let offsets = handler.committableOffsets()
        let moved = state.withLock { $0.assignment.beginCommit(offsets, isLast: true) }
        guard !moved.isEmpty else { return }
        let error = PartitionList.with(moved) { list in
            rd_kafka_commit_queue(handle.pointer, list, answers.pointer, nil, nil)
        }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { return noteCommit(error) }
        guard let event = answers.poll(for: Self.lastCommitLimit) else {
            return noteCommit(RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        noteCommit(rd_kafka_event_error(event))
        rd_kafka_event_destroy(event)
    }

    private func noteCommit(_ error: rd_kafka_resp_err_t) {
        let hasSucceeded = error == RD_KAFKA_RESP_ERR_NO_ERROR
        state.withLock { state in
            state.assignment.endCommit(succeeded: hasSucceeded)
            if hasSucceeded { state.assignment.isConnected = true }
        }
        guard !hasSucceeded, error != RD_KAFKA_RESP_ERR__NO_OFFSET else { return }
        logger.warning("kafka commit failed", metadata: ["kafka.code": "\(error.rawValue)"])
    }

    // MARK: - Commands

    private func performCommands() {
        let commands = state.withLock { state in
            defer { state.commands.removeAll() }
            return state.commands
        }
        for command in commands {
            switch command {
            case .stop(let partition):
                PartitionList.with([KafkaOffset(partition: partition, offset: 0)]) { list in
                    _ = rd_kafka_pause_partitions(handle.pointer, list)
                }
            case .restart(let offsets):
                restart(at: offsets)
            }
        }
    }

    /// Moves partitions while they are stopped here and paused in librdkafka, so that no message read before can be
    /// delivered after: what lies in the queue is outdated by the seek, and what the message thread holds is dropped
    /// while
    /// the partition still counts as stopped. (Assigning again instead loses messages: 2.0.2 ends a fetch late and then
    /// removes the forward of the new one.)
    private func restart(at offsets: [KafkaOffset]) {
        let moved = state.withLock { state in
            offsets.filter { offset in
                guard offset.offset >= 0, state.assignment.isAssigned(offset.partition) else { return false }
                _ = state.assignment.stop(offset.partition)
                return true
            }
        }
        guard !moved.isEmpty else { return }
        let failed = PartitionList.with(moved) { list -> [KafkaPartition] in
            rd_kafka_pause_partitions(handle.pointer, list)
            if let error = rd_kafka_seek_partitions(handle.pointer, list, Self.seekLimit.clampedMilliseconds) {
                rd_kafka_error_destroy(error)
                return moved.map(\.partition)
            }
            return PartitionList.failedPartitions(list)
        }
        let isPassed = passMessageThread()
        let (done, again) = (
            moved.filter { isPassed && !failed.contains($0.partition) },
            moved.filter { !isPassed || failed.contains($0.partition) }
        )
        state.withLock { state in
            for offset in done { state.assignment.restart(at: offset) }
            // Tried again at the next turn: a partition that was just assigned cannot be moved yet.
            if !again.isEmpty { state.commands.append(.restart(again)) }
        }
        PartitionList.with(done) { list in _ = rd_kafka_resume_partitions(handle.pointer, list) }
    }

    /// Waits until the message thread holds no message that it took before this call.
    private func passMessageThread() -> Bool {
        let turn = Completion()
        let (queue, idle) = state.withLock { state in
            state.turn = turn
            return (state.assignment.currentQueue, state.idle)
        }
        queue?.wake()
        idle?.wake()
        return turn.waitOnThread(within: Self.seekLimit)
    }

    // MARK: - The end

    private func leave(_ reading: Completion) {
        let events = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle)
        // librdkafka wants its consumer queue released before the close.
        state.withLock { $0.control = nil }
        let drainDeadline = state.withLock { $0.closeDeadline } ?? .now
        if let events, let error = rd_kafka_consumer_close_queue(handle.pointer, events.pointer) {
            logger.warning("kafka close failed", metadata: ["kafka.code": "\(rd_kafka_error_code(error).rawValue)"])
            rd_kafka_error_destroy(error)
            letGoWithoutGroup()
        } else if let events {
            let deadline = max(drainDeadline, .now) + Self.leaveLimit
            while rd_kafka_consumer_closed(handle.pointer) == 0, .now < deadline {
                if let event = events.poll(for: min(max(.zero, deadline - .now), Self.longestWait)) { handle(event) }
            }
        }
        // Whatever way it ended, the handler hears of it before this returns.
        if !state.withLock({ $0.assignment.assigned.isEmpty }) { letGoWithoutGroup() }
        let idle = state.withLock { state in
            state.assignment.isEnding = true
            return state.idle
        }
        idle?.wake()
        _ = fence().map { $0.wake() }
        guard reading.waitOnThread(within: Self.leaveLimit) else {
            // The handler still holds the message thread: freeing the client now would pull it from under it.
            return logger.critical("kafka handler did not return, client is left open")
        }
        release()
    }

    /// The partitions are lost as far as this process can tell.
    private func letGoWithoutGroup() {
        fence()?.wake()
        let (partitions, handler) = state.withLock { ($0.assignment.assigned, $0.handler) }
        if !partitions.isEmpty { handler?.revoked(partitions, lost: true) }
        state.withLock { $0.assignment.unassign() }
    }

    private func release() {
        state.withLock { state in
            state.idle = nil
            state.handler = nil
            state.assignment.isConnected = false
        }
        let isClosed = rd_kafka_consumer_closed(handle.pointer) != 0
        let isFreed = handle.destroy(flags: isClosed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        // It has left its group and committed before.
        if !isFreed { logger.warning("kafka consumer was not freed in time") }
    }
}
