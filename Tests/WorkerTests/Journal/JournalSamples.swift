import Shared

@testable import Worker

extension JournalWriter {
    static func epoch(_ epoch: Int64, _ generation: Int = 0) -> JournalWriter {
        JournalWriter(epoch: epoch, generation: generation)
    }
}

extension JournalReading {
    static let hash = JournalHash(secret: Array(repeating: 7, count: JournalHash.secretBytes))

    static func owner(_ id: String, epoch: Int64, at offset: Int64) -> JournalReading {
        JournalReading(
            offset: offset, timestampMilliseconds: 1, writer: .epoch(epoch), id: .init(id), subject: .owner,
            mark: JournalMark(), key: nil)
    }

    static func entry(
        _ name: String, _ writer: JournalWriter, at offset: Int64, _ mark: JournalMark = JournalMark(),
        id: String? = nil, time: Int64 = 1
    ) -> JournalReading {
        let key = JournalKey.payment(name)
        return JournalReading(
            offset: offset, timestampMilliseconds: time, writer: writer, id: .init(id ?? "r.\(offset)"),
            subject: .entry(hash.of(key)), mark: mark, key: mark.isOpen ? key : nil)
    }
}

extension JournalMark {
    /// A payment that is being made.
    static func attempted(_ attempt: String = "1", group: String = "g", known: Int64 = 0) -> JournalMark {
        JournalMark(stage: .attempted, attemptID: attempt, group: group, isOpen: true, known: known)
    }

    /// A payment whose answer is the provider's.
    static func settled(_ attempt: String = "1", known: Int64 = 0, isOpen: Bool = false) -> JournalMark {
        JournalMark(stage: .settled, attemptID: attempt, isOpen: isOpen, isFact: true, known: known)
    }
}

extension JournalEntryHash {
    static func of(_ name: String) -> JournalEntryHash { JournalReading.hash.of(.payment(name)) }
}

extension JournalLog {
    /// A log whose partition was taken over just now.
    static func owned(epoch: Int64, position: Int64 = 0) -> JournalLog {
        var log = JournalLog()
        _ = log.read(.owner("owner.\(epoch)", epoch: epoch, at: position))
        return log
    }

    func places(_ name: String) -> [Int64] { places(of: .of(name)) }
    func openEntry(_ name: String) -> OpenEntry? { open[.of(name)] }
}

extension JournalStoredRecord {
    static func sample(
        _ name: String, _ writer: JournalWriter, at offset: Int64, _ mark: JournalMark = JournalMark(), bytes: Int = 8
    ) -> JournalStoredRecord {
        JournalStoredRecord(
            key: JournalRecordKey(.payment(name), writer), mark: mark, value: Array(repeating: 1, count: bytes),
            offset: offset, timestampMilliseconds: 1)
    }
}
