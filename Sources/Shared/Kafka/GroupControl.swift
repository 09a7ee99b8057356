import CRdKafka
import Logging
import Synchronization

/// The thread of a group's consumer: rebalances, commits, errors and the end. Being the only one, it cannot deliver a
/// message of partitions that it lets go of, nor commit while a rebalance is under way.
extension KafkaGroupConsumer {
    /// How often the handler is asked what can be committed.
    static let commitInterval: Duration = .seconds(1)
    /// How long the commit of a revocation may take.
    static let lastCommitLimit: Duration = .seconds(3)
    /// How long leaving the group may take, after the handler is done.
    static let leaveLimit: Duration = .seconds(5)
    /// How long one question for reachability may hold up events while no broker is connected.
    static let probeLimit: Duration = .milliseconds(250)
    /// How long one question for the committed offsets of an assignment may take, and how often it is repeated.
    static let committedLimit: (time: Duration, attempts: Int) = (.seconds(3), 3)
    /// The longest sleep without an event.
    static let longestWait: Duration = .seconds(1)

    /// Everything from joining the group to freeing the client.
    func serve() {
        if state.withLock({ $0.closeDeadline == nil }) { subscribe() }
        var reading = GroupReading()
        var nextCommit = ContinuousClock.now + Self.commitInterval
        while state.withLock({ $0.closeDeadline == nil }) {
            probe()
            stopPartitions()
            let hasWorked = serveControl()
            let hasDelivered = deliverMessages(&reading)
            if nextCommit <= .now {
                nextCommit = .now + Self.commitInterval
                commit(toQueue: state.withLock { $0.control })
            }
            // Queues wake their reader only when they were empty.
            if !hasWorked, !hasDelivered { waker.wait(for: min(max(.zero, nextCommit - .now), Self.longestWait)) }
        }
        leave()
    }

    /// Handles what there is; false when there was nothing.
    private func serveControl() -> Bool {
        guard let control = state.withLock({ $0.control }), let first = control.poll(for: .zero) else { return false }
        handle(first)
        while state.withLock({ $0.closeDeadline == nil }), let event = control.poll(for: .zero) { handle(event) }
        return true
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
            KafkaEventLog.emit(event, to: logger)
        case RD_KAFKA_EVENT_STATS:
            statistics.publish(event)
        case RD_KAFKA_EVENT_FETCH:
            // Messages come by the queues of their topics; one that does not is a message all the same.
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
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
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
        guard let queues = makeMessageQueues(for: partitions) else {
            rd_kafka_assign(handle.pointer, nil)
            return fail(KafkaError(code: .creationFailed))
        }
        let offsets = committedOffsets(of: partitions)
        let handler = state.withLock { $0.handler }
        showRepositions(of: partitions)
        if !partitions.isEmpty { handler?.assigned(partitions) }
        logger.info("kafka partitions assigned", metadata: ["kafka.partitions": "\(partitions.count)"])
        state.withLock { state in
            state.assignment.assign(partitions, at: offsets ?? [:], queues: queues)
            state.assignment.isConnected = true
        }
        let error: rd_kafka_resp_err_t
        if let offsets {
            let places = partitions.map { KafkaOffset(partition: $0, offset: offsets[$0] ?? Self.logStart) }
            error = PartitionList.with(places) { rd_kafka_assign(handle.pointer, $0) }
        } else {
            error = rd_kafka_assign(handle.pointer, list)
        }
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { fail(KafkaError(error)) }
    }

    /// librdkafka's number for the first offset of a log.
    private static let logStart = Int64(RD_KAFKA_OFFSET_BEGINNING)

    /// Where the group is in these partitions; one without a position is absent.
    ///
    /// Asked here so that it is known which offset comes next. Nil when nobody answers: librdkafka then asks by itself.
    private func committedOffsets(of partitions: [KafkaPartition]) -> [KafkaPartition: Int64]? {
        guard !partitions.isEmpty else { return [:] }
        let asked = partitions.map { KafkaOffset(partition: $0, offset: Int64(RD_KAFKA_OFFSET_INVALID)) }
        var last = RD_KAFKA_RESP_ERR_NO_ERROR
        for _ in 0..<Self.committedLimit.attempts {
            let (error, failed, found) = PartitionList.with(asked) { list in
                (
                    rd_kafka_committed(handle.pointer, list, Self.committedLimit.time.clampedMilliseconds),
                    PartitionList.hasErrors(list), PartitionList.offsets(list)
                )
            }
            last = error
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR, !failed else { continue }
            return Dictionary(found.map { ($0.partition, $0.offset) }) { $1 }
        }
        logger.warning("kafka group has not said where it is", metadata: ["kafka.code": "\(last.rawValue)"])
        return nil
    }

    /// A queue for each topic, to which the partitions' own queues are forwarded.
    ///
    /// It has to be done before they are assigned: librdkafka keeps an application's forward, and would else deliver
    /// with the rebalances.
    private func makeMessageQueues(for partitions: [KafkaPartition]) -> [String: KafkaQueue]? {
        var queues: [String: KafkaQueue] = [:]
        for partition in partitions {
            if queues[partition.topic] == nil {
                queues[partition.topic] = KafkaQueue(rd_kafka_queue_new(handle.pointer), of: handle)
                queues[partition.topic]?.wake(waker)
            }
            let pointer = rd_kafka_queue_get_partition(handle.pointer, partition.topic, partition.partition)
            guard let queue = queues[partition.topic], let source = KafkaQueue(pointer, of: handle) else { return nil }
            rd_kafka_queue_forward(source.pointer, queue.pointer)
        }
        return queues
    }

    private func revoke() {
        let isLost = rd_kafka_assignment_lost(handle.pointer) != 0
        let (partitions, stopped, handler) = state.withLock { state in
            state.assignment.fence()
            return (state.assignment.assigned, state.assignment.stopped, state.handler)
        }
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

    private func stopPartitions() {
        let stopping = state.withLock { state in
            defer { state.stopping.removeAll() }
            return state.stopping
        }
        guard !stopping.isEmpty else { return }
        PartitionList.with(stopping.map { KafkaOffset(partition: $0, offset: 0) }) { list in
            _ = rd_kafka_pause_partitions(handle.pointer, list)
        }
    }

    // MARK: - The end

    private func leave() {
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
        release()
    }

    /// The partitions are lost as far as this process can tell.
    private func letGoWithoutGroup() {
        let (partitions, handler) = state.withLock { state in
            state.assignment.fence()
            return (state.assignment.assigned, state.handler)
        }
        if !partitions.isEmpty { handler?.revoked(partitions, lost: true) }
        state.withLock { $0.assignment.unassign() }
    }

    private func release() {
        state.withLock { state in
            state.handler = nil
            state.assignment.isConnected = false
        }
        let isClosed = rd_kafka_consumer_closed(handle.pointer) != 0
        let isFreed = handle.destroy(flags: isClosed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        // It has left its group and committed before.
        if !isFreed { logger.warning("kafka consumer was not freed in time") }
    }
}
