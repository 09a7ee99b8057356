import Shared
import Synchronization

/// A broker's place: keeps what is sent, after failing as often as it is told, and lets journals read theirs.
final class RecordingSender: RecordSender {
    typealias Report = @Sendable (Result<KafkaOffset, KafkaSendError>) -> Void

    /// What becomes of a record besides being stored and acknowledged.
    private enum Trouble {
        /// It is refused, or lost on the way.
        case refused(KafkaSendError)
        /// It is stored, and the acknowledgement is lost.
        case inDoubt
        /// It is stored, and the broker does not say where.
        case withoutPlace
    }

    /// One partition's log.
    struct Log {
        var records: [KafkaMessage] = []
        var start: Int64 = 0
        var end: Int64 = 0
    }

    private struct State {
        var stored: [KafkaMessage] = []
        var logs: [KafkaPartition: Log] = [:]
        var troubles: [String: [Trouble]] = [:]
        var before: [String: @Sendable (KafkaRecord) -> Void] = [:]
        var attempts = 0
        var generation = 0
        var isReplacing = false
        /// What journals are not told yet; `nil` while they are told at once.
        var withheld: [@Sendable () -> Void]?
        var isSilent = false
        var isUnreachable = false
    }

    private let clock: WallClock
    private let state = Mutex(State())

    /// Takes the broker's clock.
    init(clock: WallClock) {
        self.clock = clock
    }

    // MARK: - What happens

    /// Lets the next sends to a topic fail with these errors.
    func fail(_ topic: String, with errors: [KafkaSendError]) {
        state.withLock { $0.troubles[topic] = errors.map { .refused($0) } }
    }

    /// Stores the next record of a topic and says that it may be stored.
    func loseAcknowledgement(of topic: String) { state.withLock { $0.troubles[topic] = [.inDoubt] } }

    /// Stores the next record of a topic and does not say where.
    func losePlace(of topic: String) { state.withLock { $0.troubles[topic] = [.withoutPlace] } }

    /// Does something just before the next record of a topic is stored.
    func beforeNext(_ topic: String, _ action: @escaping @Sendable (KafkaRecord) -> Void) {
        state.withLock { $0.before[topic] = action }
    }

    /// Stores what comes from now on, and says nothing of it.
    func withholdReports() { state.withLock { $0.isSilent = true } }

    /// Lets no journal hear of anything that is stored or asked from now on.
    func withhold() { state.withLock { $0.withheld = $0.withheld ?? [] } }

    /// Lets journals hear what was withheld, and what comes.
    func release() {
        let withheld = state.withLock { state in
            defer { state.withheld = nil }
            return state.withheld ?? []
        }
        for action in withheld { action() }
    }

    /// Whether no journal can look anything up.
    func setUnreachable(_ isUnreachable: Bool) { state.withLock { $0.isUnreachable = isUnreachable } }

    /// The client that sends is replaced by the next one; nothing is sent while others let go of what they had by it.
    func replaceProducer(_ letGo: () -> Void = {}) {
        state.withLock { $0.isReplacing = true }
        letGo()
        state.withLock { state in
            state.generation += 1
            state.isReplacing = false
        }
    }

    /// Leaves the last record of each key in a topic.
    func compact(_ topic: String) {
        state.withLock { state in
            for partition in state.logs.keys where partition.topic == topic {
                let records = state.logs[partition]?.records ?? []
                let last = Dictionary(records.map { ($0.key ?? [], $0.offset) }) { $1 }
                state.logs[partition]?.records = records.filter { last[$0.key ?? []] == $0.offset }
            }
        }
    }

    /// What stands before an offset has expired.
    func expire(before offset: Int64, in partition: KafkaPartition) {
        state.withLock { state in
            state.logs[partition]?.records.removeAll { $0.offset < offset }
            state.logs[partition]?.start = offset
        }
    }

    /// The log loses its end.
    func truncate(_ partition: KafkaPartition, to end: Int64) {
        state.withLock { state in
            state.logs[partition]?.records.removeAll { $0.offset >= end }
            state.logs[partition]?.end = end
        }
    }

    // MARK: - What is there

    /// What was stored in a topic, as a reader sees it.
    func stored(in topic: String) -> [KafkaMessage] { state.withLock { $0.stored }.filter { $0.topic == topic } }

    /// What was stored outside of journals.
    var storedCount: Int { state.withLock { $0.stored.count { !$0.isOfJournal } } }

    /// Sends to other topics than those of journals, failed ones included.
    var attempts: Int { state.withLock { $0.attempts } }

    /// A partition's log; `nil` for a journal when nobody answers.
    func log(of partition: KafkaPartition) -> Log? {
        state.withLock { $0.isUnreachable ? nil : $0.logs[partition] ?? Log() }
    }

    /// Stores a record.
    @discardableResult
    func store(_ record: KafkaRecord) -> KafkaOffset {
        let partition = KafkaPartition(topic: record.topic, partition: record.partition)
        let offset = state.withLock { state in
            var message = record.asRead(at: state.logs[partition]?.end ?? 0)
            message.timestampMilliseconds = clock.unixMilliseconds
            state.logs[partition, default: Log()].end = message.offset + 1
            state.logs[partition]?.records.append(message)
            state.stored.append(message)
            return message.offset
        }
        return KafkaOffset(partition: partition, offset: offset)
    }

    /// Tells a journal something, unless that is withheld.
    func tell(_ action: @escaping @Sendable () -> Void) {
        let isWithheld = state.withLock { state in
            guard state.withheld != nil else { return false }
            state.withheld?.append(action)
            return true
        }
        if !isWithheld { action() }
    }

    // MARK: - Sending

    var generation: Int { state.withLock { $0.generation } }

    func submit(_ record: KafkaRecord, generation: Int?, _ report: @escaping Report) {
        let isOfJournal = record.topic.hasPrefix(KafkaMessage.journalPrefix)
        let (trouble, before, isOver) = state.withLock { state in
            if !isOfJournal { state.attempts += 1 }
            let isOver = state.isReplacing || generation ?? state.generation != state.generation
            let isTroubled = state.troubles[record.topic]?.isEmpty == false
            let trouble = isTroubled ? state.troubles[record.topic]?.removeFirst() : nil
            return (trouble, state.before.removeValue(forKey: record.topic), isOver)
        }
        if isOver { return report(.failure(KafkaSendError(code: .fatal, mayBeStored: false))) }
        if case .refused(let error) = trouble { return report(.failure(error)) }
        before?(record)
        var place = store(record)
        if state.withLock({ $0.isSilent }) { return }
        if case .withoutPlace = trouble { place.offset = -1 }
        var result: Result<KafkaOffset, KafkaSendError> = .success(place)
        if case .inDoubt = trouble { result = .failure(KafkaSendError(code: .possiblyPersisted, mayBeStored: true)) }
        let answer = result
        if isOfJournal { tell { report(answer) } } else { report(answer) }
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
