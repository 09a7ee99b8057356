import Shared
import Synchronization

/// A broker's place: keeps what is sent, after failing as often as it is told, and lets journals read theirs.
final class RecordingSender: RecordSender {
    private struct Failure {
        let error: KafkaSendError
        let isStored: Bool
    }

    private struct State {
        var stored: [KafkaMessage] = []
        var ends: [KafkaPartition: Int64] = [:]
        var failures: [String: [Failure]] = [:]
        var attempts = 0
        var readers: [@Sendable ([KafkaMessage]) -> Void] = []
        /// Records of journals that nobody has read yet; `nil` while they are read at once.
        var withheld: [KafkaMessage]?
        var isSilent = false
    }

    private let state = Mutex(State())
    /// Held while records are handed on, so that they keep their order.
    private let delivery = Mutex(())

    /// Lets the next sends to a topic fail with these errors.
    func fail(_ topic: String, with errors: [KafkaSendError]) {
        state.withLock { $0.failures[topic] = errors.map { Failure(error: $0, isStored: false) } }
    }

    /// Stores the next record of a topic and says that it may be stored.
    func loseAcknowledgement(of topic: String) {
        let error = KafkaSendError(code: .possiblyPersisted, mayBeStored: true)
        state.withLock { $0.failures[topic] = [Failure(error: error, isStored: true)] }
    }

    /// What was stored in a topic, as a reader sees it.
    func stored(in topic: String) -> [KafkaMessage] { state.withLock { $0.stored }.filter { $0.topic == topic } }

    /// What was stored outside of journals.
    var storedCount: Int { state.withLock { $0.stored.count { !$0.isOfJournal } } }

    /// Sends to other topics than those of journals, failed ones included.
    var attempts: Int { state.withLock { $0.attempts } }

    /// The offset behind the last record of a partition.
    func end(of partition: KafkaPartition) -> Int64 { state.withLock { $0.ends[partition] ?? 0 } }

    /// Hands on what is stored of a journal from these offsets, and what will be.
    func connect(from offsets: [Int32: Int64], to topic: String, _ reader: @escaping @Sendable ([KafkaMessage]) -> Void)
    {
        delivery.withLock { _ in
            let known = state.withLock { state in
                state.readers.append(reader)
                return state.stored.filter { $0.topic == topic && $0.offset >= offsets[$0.partition] ?? 0 }
            }
            if !known.isEmpty { reader(known) }
        }
    }

    /// Stores what comes from now on, and says nothing of it.
    func withholdReports() { state.withLock { $0.isSilent = true } }

    /// Lets nobody read what is stored in journals from now on.
    func withhold() { state.withLock { $0.withheld = $0.withheld ?? [] } }

    /// Lets journals read what was withheld, and what comes.
    func release() {
        delivery.withLock { _ in
            let (messages, readers) = state.withLock { state in
                defer { state.withheld = nil }
                return (state.withheld ?? [], state.readers)
            }
            for reader in readers where !messages.isEmpty { reader(messages) }
        }
    }

    /// Stores a record, and hands it on.
    @discardableResult
    func store(_ record: KafkaRecord) -> KafkaOffset {
        delivery.withLock { _ in
            let partition = KafkaPartition(topic: record.topic, partition: record.partition)
            let (message, readers) = state.withLock { state in
                let message = record.asRead(at: state.ends[partition] ?? 0)
                state.ends[partition] = message.offset + 1
                state.stored.append(message)
                guard message.isOfJournal else { return (message, [] as [@Sendable ([KafkaMessage]) -> Void]) }
                guard state.withheld == nil else {
                    state.withheld?.append(message)
                    return (message, [])
                }
                return (message, state.readers)
            }
            for reader in readers { reader([message]) }
            return KafkaOffset(partition: partition, offset: message.offset)
        }
    }

    var generation: Int { 0 }

    func submit(
        _ record: KafkaRecord, generation: Int?,
        _ report: @escaping @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void
    ) {
        let failure: Failure? = state.withLock { state in
            if !record.topic.hasPrefix(KafkaMessage.journalPrefix) { state.attempts += 1 }
            guard state.failures[record.topic]?.isEmpty == false else { return nil }
            return state.failures[record.topic]?.removeFirst()
        }
        guard failure?.isStored ?? true else {
            report(.failure(failure?.error ?? KafkaSendError(code: .refused, mayBeStored: false)))
            return
        }
        let offset = store(record)
        if state.withLock({ $0.isSilent }) { return }
        report(failure.map { .failure($0.error) } ?? .success(offset))
    }
}

extension KafkaMessage {
    static let journalPrefix = TopicNames().prefix + "journal."

    var isOfJournal: Bool { topic.hasPrefix(Self.journalPrefix) }
}

extension KafkaRecord {
    /// The record as it is read back.
    func asRead(at offset: Int64 = 0) -> KafkaMessage {
        KafkaMessage(
            topic: topic, partition: partition, offset: offset, key: key, value: value, headers: headers)
    }
}
