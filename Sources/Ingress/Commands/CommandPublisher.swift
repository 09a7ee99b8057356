import Shared

/// Sends commands to Kafka and waits for the replies to those that have one.
struct CommandPublisher: Sendable {
    let codec: MessageCodec
    let sender: any RecordSender
    let replies: ReplyTable
    let replyAddress: @Sendable () -> ReplyAddress?
    let partitionCount: Int32
    let requestTimeout: Duration
    let clock: WallClock

    /// Stores a command; returns when the broker has it.
    func store(_ command: Command) async throws(PublishFailure) {
        let record: KafkaRecord
        do {
            record = try codec.record(for: command, partitionCount: partitionCount)
        } catch {
            throw .notWritable
        }
        do {
            try await sender.send(record)
        } catch {
            if error.code == .messageTooLarge { throw .notWritable }
            throw error.mayBeStored ? .possiblyStored : .notStored
        }
    }

    /// Stores a command and waits for its reply.
    func storeAndWait(_ command: Command) async throws(PublishFailure) -> Reply {
        guard let address = replyAddress() else { throw .notStored }
        guard replies.reserve(command.id) else { throw .tableFull }
        defer { replies.release(command.id) }
        var command = command
        command.replyTo = address
        let started = ContinuousClock.now
        do {
            try await store(command)
        } catch {
            // It may be stored: then a worker will answer, and only the deadline ends the wait.
            guard error == .possiblyStored else { throw error }
        }
        let left = requestTimeout - (ContinuousClock.now - started)
        guard left > .zero, let message = await replies.reply(to: command.id, within: left) else {
            noteUntold(command)
            throw .noReply
        }
        do {
            return try codec.reply(from: message)
        } catch {
            noteUntold(command)
            throw .unreadableReply
        }
    }

    /// Tells the command's lane that its caller gets no answer, so that whoever settles it tells the merchant.
    ///
    /// The task stands behind the command in the log, whatever the clocks say; only payments have an outcome that is
    /// told.
    private func noteUntold(_ command: Command) {
        guard command.operation == .pay || command.operation == .payRecurrent,
            command.reference.shopTransactionID != nil
        else { return }
        let now = clock.unixMilliseconds
        let task = LaneTask(
            id: .make(atUnixMilliseconds: now), provider: command.provider, lane: command.lane,
            createdAtMilliseconds: now, content: .untold(command.id), trace: command.trace)
        guard let record = try? codec.record(for: task, partitionCount: partitionCount) else { return }
        let end = ContinuousClock.now + Self.untoldLimit
        // The caller is answered meanwhile.
        Task { [sender] in _ = await sender.sendUntilStored(record, isTooLate: { ContinuousClock.now > end }) }
    }

    /// How long storing such a task is tried.
    private static let untoldLimit: Duration = .seconds(300)
}

/// Why a command has no reply.
enum PublishFailure: Error, Sendable, Hashable {
    /// The broker provably does not have it.
    case notStored
    /// The broker may have it.
    case possiblyStored
    /// It could not be written, or is too large for the broker.
    case notWritable
    /// Too many requests wait already.
    case tableFull
    /// No worker answered in time.
    case noReply
    /// A worker answered with something this process cannot read.
    case unreadableReply
}
