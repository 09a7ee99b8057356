import Shared

@testable import Worker

/// Records of a former owner count like those of the current one.
struct EpochIgnored: DeliberateFault {
    func journalLie(_ codec: MessageCodec) -> (any JournalLie)? { LateRecordLie { _ in .raised } }
}

/// The answer of a former owner replaces what its successor has written.
struct LateOverwrites: DeliberateFault {
    func journalLie(_ codec: MessageCodec) -> (any JournalLie)? {
        LateRecordLie { $0.isFact ? .raised : .asItIs }
    }
}

/// The answer of a former owner is not looked at.
struct LateAnswerIgnored: DeliberateFault {
    func journalLie(_ codec: MessageCodec) -> (any JournalLie)? {
        LateRecordLie { $0.isFact ? .keptBack : .asItIs }
    }
}

/// Tells something else of records that come behind those of a higher writer.
private final class LateRecordLie: JournalLie {
    enum Fate {
        case asItIs, raised, keptBack
    }

    private struct Place: Hashable {
        let partition: Int32
        let offset: Int64
    }

    private let fate: (JournalMark) -> Fate
    private var highest: [Int32: JournalWriter] = [:]
    /// What was told once is told again.
    private var lies: [Place: KafkaMessage?] = [:]
    private var read: [Int32: Int64] = [:]

    init(_ fate: @escaping (JournalMark) -> Fate) { self.fate = fate }

    func told(_ record: KafkaMessage) -> KafkaMessage? {
        let place = Place(partition: record.partition, offset: record.offset)
        if let lie = lies[place] { return lie }
        guard record.offset > read[record.partition] ?? -1 else { return record }
        read[record.partition] = record.offset
        guard let parts = JournalParts(key: record.key, headers: record.headers) else { return record }
        let current = highest[record.partition] ?? parts.key.writer
        guard parts.key.writer < current else {
            highest[record.partition] = parts.key.writer
            return record
        }
        if parts.isOwner { return record }
        switch fate(parts.mark) {
        case .asItIs: return record
        case .keptBack: lies[place] = .some(nil)
        case .raised:
            var raised = record
            raised.key = JournalRecordKey(parts.key.entry, current).bytes
            lies[place] = raised
        }
        return lies[place] ?? nil
    }
}
