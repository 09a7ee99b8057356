import Providers
import Shared

/// The HTTP side: makes commands, waits for replies, forgets everybody when it dies.
///
/// Sendable: used by its world's thread only.
final class SimulatedIngress: SimulatedProcess, @unchecked Sendable {
    /// What a caller asks for.
    struct Request: Sendable {
        var operation: Operation
        var reference: PaymentReference
        var body: [String: JSONValue] = [:]
        var key: String?
        var amount = Money(minorUnits: 500)
    }

    /// What a caller gets; nothing when the connection breaks.
    struct Answer: Sendable, Hashable {
        var status: Int
        var body: [UInt8] = []
        var commandID: CommandID?
        /// Of an unknown outcome: whether the installation has it stored that its caller was told so.
        var isNoted = true
    }

    private let codec: MessageCodec
    private let partition: Int32
    private var waiting: [CommandID: UnsafeContinuation<Answer?, Never>] = [:]
    private var early: [CommandID: Answer] = [:]
    private var position: Int64

    init(
        _ world: World, _ broker: Broker, _ settings: Settings, codec: MessageCodec, number: Int32, generation: Int
    ) {
        self.codec = codec
        self.partition = number
        position = broker.end(of: KafkaPartition(topic: codec.topics.replies, partition: number))
        super.init(world, broker, settings, name: "ingress-\(number)-\(generation)")
        broker.onStored { [weak self] stored in
            guard let self, stored == KafkaPartition(topic: codec.topics.replies, partition: number) else { return }
            world.after(world.milliseconds(1...5)) { [weak self] in self?.whenAwake { self?.deliver() } }
        }
    }

    override func crash() {
        super.crash()
        let broken = waiting.sorted { $0.key.value < $1.key.value }
        waiting = [:]
        for (_, continuation) in broken { continuation.resume(returning: nil) }
    }

    /// Sends a request and waits for its answer.
    func ask(_ request: Request) async -> Answer? {
        guard !isDead else { return nil }
        let command = command(for: request)
        guard let record = try? codec.record(for: command, partitionCount: settings.partitions) else {
            return Answer(status: 500)
        }
        do throws(KafkaSendError) {
            _ = try await sender.send(record)
        } catch {
            guard error.mayBeStored else { return isDead ? nil : Answer(status: 503) }
        }
        if isDead { return nil }
        guard request.operation.isSynchronous else { return Answer(status: 202, commandID: command.id) }
        let answer: Answer? = await withUnsafeContinuation { continuation in
            if let early = early.removeValue(forKey: command.id) { return continuation.resume(returning: early) }
            waiting[command.id] = continuation
            world.after(settings.requestTimeout) { [weak self] in
                self?.waiting.removeValue(forKey: command.id)?.resume(returning: Answer(status: 0))
            }
        }
        guard answer?.status == 0 else { return answer }
        let isNoted = await noteUntold(command)
        return isDead ? nil : Answer(status: 504, commandID: command.id, isNoted: isNoted)
    }

    /// Tells the command's lane that its caller is answered without knowing the outcome.
    private func noteUntold(_ command: Command) async -> Bool {
        let task = LaneTask(
            id: command.id, provider: command.provider, lane: command.lane,
            createdAtMilliseconds: clock.unixMilliseconds, content: .untold(command.id))
        guard let record = try? codec.record(for: task, partitionCount: settings.partitions) else { return false }
        do throws(KafkaSendError) {
            _ = try await sender.send(record)
            return true
        } catch {
            return false
        }
    }

    /// A callback of the provider; `false` when it is not stored and will come again.
    func callBack(_ reference: PaymentReference) async -> Bool {
        let command = Command(
            id: world.commandID(), provider: Settings.provider, operation: .callback, reference: reference,
            acceptedAtMilliseconds: clock.unixMilliseconds,
            payload: CommandPayload(callback: RawCallback(method: "POST", headers: [:], query: [], body: [])))
        guard !isDead, let record = try? codec.record(for: command, partitionCount: settings.partitions) else {
            return false
        }
        do throws(KafkaSendError) {
            _ = try await sender.send(record)
            return !isDead
        } catch {
            return false
        }
    }

    private func command(for request: Request) -> Command {
        var command = Command(
            id: world.commandID(), provider: Settings.provider, operation: request.operation,
            paymentMethod: request.operation == .check ? nil : "cards", reference: request.reference,
            amount: request.operation == .check ? nil : request.amount,
            acceptedAtMilliseconds: clock.unixMilliseconds, payload: CommandPayload(body: request.body))
        command.claim = IdempotencyClaim(
            caller: "merchant", provider: Settings.provider, operation: request.operation,
            reference: request.reference, key: request.key)
        if request.operation.isSynchronous {
            let time = settings.requestTimeout - .seconds(1)
            command.deadlineMilliseconds = clock.unixMilliseconds + time.components.seconds * 1000
            command.replyTo = ReplyAddress(partition: partition, instance: name)
        }
        return command
    }

    private func deliver() {
        let place = KafkaPartition(topic: codec.topics.replies, partition: partition)
        guard !isCutOff, case .records(let records, let next) = broker.fetch(place, from: position, max: 100) else {
            return world.after(.milliseconds(300)) { [weak self] in self?.whenAwake { self?.deliver() } }
        }
        position = next
        for message in records {
            guard let (instance, id) = codec.addressee(of: message), instance == name,
                let reply = try? codec.reply(from: message)
            else { continue }
            let answer = Answer(status: reply.statusCode, body: reply.body, commandID: id)
            if let continuation = waiting.removeValue(forKey: id) {
                continuation.resume(returning: answer)
            } else {
                early[id] = answer
            }
        }
    }
}
