import Shared
import Synchronization

/// A broker's place: keeps what is sent, and asks a rule for each record whether it is acknowledged and when.
final class RecordingSender: RecordSender {
    typealias Rule = @Sendable (KafkaRecord) async throws(KafkaSendError) -> Void

    private let received = Mutex<[KafkaRecord]>([])
    private let rule: Rule

    init(_ rule: @escaping Rule) {
        self.rule = rule
    }

    /// Everything that was sent, as a reader sees it, acknowledged or not.
    var sent: [KafkaMessage] { received.withLock { $0 }.map { $0.asRead } }

    var generation: Int { 0 }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        received.withLock { $0.append(record) }
        Task {
            do throws(KafkaSendError) {
                try await rule(record)
                report(.success(KafkaOffset(topic: record.topic, partition: record.partition, offset: 0)))
            } catch {
                report(.failure(error))
            }
        }
    }
}

extension KafkaRecord {
    /// The record as it is read back.
    var asRead: KafkaMessage {
        KafkaMessage(topic: topic, partition: partition, offset: 0, key: key, value: value, headers: headers)
    }
}

/// Something that waits until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// How many wait.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
