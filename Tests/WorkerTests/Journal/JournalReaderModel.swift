@testable import Shared
@testable import Worker

/// A reader of one partition: a log's state, an index, and what is on its way from the one to the other.
struct JournalReaderModel {
    private(set) var log = JournalLog()
    /// What became of each record; reading one again after a restart must give the same.
    private(set) var verdicts: [Int64: JournalLog.Verdict] = [:]
    private let index = MemoryJournalIndex()
    private var flushing: (rows: [JournalKey: JournalRow?], checkpoint: JournalCheckpoint)?

    mutating func read(_ records: ArraySlice<JournalReading>) {
        for record in records {
            let verdict = log.read(record) { [index] key in index.storedRow(key, of: 0) }
            // A restart reads what was not stored again: its first verdict stays, so that a difference shows.
            if let before = verdicts[record.offset], before != verdict { verdicts[-1 - record.offset] = verdict }
            if verdicts[record.offset] == nil { verdicts[record.offset] = verdict }
        }
    }

    mutating func beginFlush() {
        if flushing == nil { flushing = (log.changes, log.checkpoint) }
    }

    mutating func endFlush() {
        guard let flushing else { return }
        index.store(flushing.rows, flushing.checkpoint, of: 0)
        log.stored(flushing.rows)
        self.flushing = nil
    }

    /// Loses everything but the index.
    mutating func restart() {
        flushing = nil
        log = JournalLog(index.checkpoint(of: 0) ?? JournalCheckpoint(), attention: index.attentionRows(of: 0))
    }

    mutating func finish() {
        endFlush()
        beginFlush()
        endFlush()
    }

    func rows(of records: [JournalReading]) -> [JournalKey: JournalRow] {
        var rows: [JournalKey: JournalRow] = [:]
        for record in records { rows[record.key] = index.storedRow(record.key, of: 0) }
        return rows
    }
}

extension JournalLog {
    /// Of a partition whose owner "a" has written its record at offset 0.
    static func owned(epoch: Int64) -> JournalLog {
        var log = JournalLog()
        log.reads(.owner("a", epoch: epoch, at: 0))
        return log
    }

    /// Takes a record, with an index that is empty.
    @discardableResult
    mutating func reads(_ record: JournalReading) -> Verdict { read(record) { _ in nil } }
}

extension JournalReading {
    /// The row that the record makes when it is valid.
    var row: JournalRow? { value.map { JournalRow(key: key, mark: mark, value: $0, offset: offset) } }

    static func owner(_ id: String, epoch: Int64, at offset: Int64) -> JournalReading {
        JournalReading(id: id, key: .owner, mark: JournalMark(epoch: epoch), value: Array("{}".utf8), offset: offset)
    }

    static func entry(
        _ stage: JournalMark.Stage, _ attempt: String, key: String = "1", epoch: Int64, at offset: Int64,
        group: String = "", isOpen: Bool = false, repeats: Int64? = nil
    ) -> JournalReading {
        var mark = JournalMark(epoch: epoch, stage: stage, attemptID: attempt, group: group, isOpen: isOpen)
        mark.repeats = repeats
        return JournalReading(
            id: "r\(offset)", key: .payment(key), mark: mark, value: Array("v\(offset)".utf8), offset: offset)
    }

    static func tombstone(
        _ key: String = "1", epoch: Int64, at offset: Int64, repeats: Int64? = nil
    ) -> JournalReading {
        var mark = JournalMark(epoch: epoch)
        mark.repeats = repeats
        return JournalReading(id: "r\(offset)", key: .payment(key), mark: mark, value: nil, offset: offset)
    }

    /// Records of several owners that overlap: late ones, lost owner records, repetitions.
    static func random(count: Int, using generator: inout SeededGenerator) -> [JournalReading] {
        var epoch: Int64 = 1
        return (0..<Int64(count)).map { offset in
            let own = Int.random(in: 0..<4, using: &generator) == 0 ? max(1, epoch - 1) : epoch
            let key = "k\(Int.random(in: 0..<12, using: &generator))"
            let attempt =
                Int.random(in: 0..<8, using: &generator) == 0 ? "" : "\(Int.random(in: 0...2, using: &generator))"
            let repeats: Int64? =
                Int.random(in: 0..<6, using: &generator) == 0
                ? offset - Int64.random(in: 1...20, using: &generator) : nil
            switch Int.random(in: 0..<20, using: &generator) {
            case 0:
                let next = max(1, epoch + Int64.random(in: -1...2, using: &generator))
                epoch = max(epoch, next)
                return .owner("o\(offset)", epoch: next, at: offset)
            case 1:
                epoch += 1
                return .entry(.attempted, attempt, key: key, epoch: epoch, at: offset, group: key, isOpen: true)
            case 2, 3: return .tombstone(key, epoch: own, at: offset, repeats: repeats)
            case 4..<10:
                return .entry(.attempted, attempt, key: key, epoch: own, at: offset, group: key, isOpen: true)
            case 10..<12: return .entry(.unknown, attempt, key: key, epoch: own, at: offset, group: key, isOpen: true)
            default:
                let isOpen = Bool.random(using: &generator)
                return .entry(
                    .settled, attempt, key: key, epoch: own, at: offset, group: key, isOpen: isOpen, repeats: repeats)
            }
        }
    }
}
