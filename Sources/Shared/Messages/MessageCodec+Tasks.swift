extension MessageCodec {
    /// A task as a record of its provider's command topic; the partition follows from the lane.
    /// - Throws: ``JSONError`` or ``SealingError`` when the content cannot be written.
    public func record(for task: LaneTask, partitionCount: Int32) throws -> KafkaRecord {
        var content = TaskContent()
        switch task.content {
        case .news(let news): content.news = news
        case .settle(let decision): content.settle = decision
        case .untold(let command): content.untold = command
        }
        let sealed = try keys.seal(try JSONCoding.encode(content), context: Self.taskContext(task.id, task.lane))
        let wire = TaskWire(
            provider: task.provider, createdAtMilliseconds: task.createdAtMilliseconds, sealed: sealed)
        let key = Array(task.lane.key.utf8)
        let headers = headers(
            .task, id: task.id.value, subject: task.lane.key, atMilliseconds: task.createdAtMilliseconds)
        return KafkaRecord(
            topic: topics.commands(of: task.provider),
            partition: Partitioner.partition(forKey: key, count: partitionCount), key: key,
            value: try JSONCoding.encode(wire), headers: headers + (task.trace?.recordHeaders ?? []))
    }

    /// Reads a task.
    public func task(from message: KafkaMessage) throws(MessageError) -> LaneTask {
        try check(message, is: .task)
        guard let id = message.text(MessageHeaderName.id).flatMap(CommandID.init) else {
            throw .malformed("header ce_id is not a command id")
        }
        guard let lane = message.key.flatMap({ Lane(key: String(decoding: $0, as: UTF8.self)) }) else {
            throw .malformed("the key is not a lane")
        }
        let wire = try decode(TaskWire.self, from: message.value)
        guard Self.times.contains(wire.createdAtMilliseconds) else {
            throw .malformed("createdAtMilliseconds is out of range")
        }
        let content = try open(TaskContent.self, wire.sealed, context: Self.taskContext(id, lane))
        var task = LaneTask(
            id: id, provider: wire.provider, lane: lane, createdAtMilliseconds: wire.createdAtMilliseconds,
            content: try Self.content(content))
        task.trace = message.traceContext
        return task
    }

    /// Whether a record of a command topic is a task.
    public func isTask(_ message: KafkaMessage) -> Bool {
        message.text(MessageHeaderName.type) == MessageType.task.rawValue
    }

    private static func content(_ content: TaskContent) throws(MessageError) -> LaneTask.Content {
        if let news = content.news { return .news(news) }
        if let decision = content.settle { return .settle(decision) }
        if let command = content.untold { return .untold(command) }
        throw .malformed("the task says nothing that is to be done")
    }

    private static func taskContext(_ id: CommandID, _ lane: Lane) -> String {
        context(.task, id.value + ":" + lane.key)
    }
}
