import Crypto
import Shared

/// What a partition's log says so far: who owns it, and which of its records are valid.
///
/// A pure state machine over the log's records in their order. Every reader that has read the same records has the
/// same state, whatever its clock and whatever it wrote itself: that is what makes ownership decidable.
///
/// * An owner record is valid when its epoch is higher than any before.
/// * Any other record is valid when its epoch is the current one. One of a higher epoch proves an owner whose record
///   compaction has removed, and is valid too.
/// * One of a lower epoch is void, with one exception: it settles the very attempt that the entry waits for. Its
///   writer lost the partition while the call was under way, and its answer is the truth.
/// * A record that repeats a state, or ends it, is valid only as long as the entry has no later state, so that it may
///   be written beside whoever works on the entry.
struct JournalLog: Sendable {
    /// What became of a record.
    enum Verdict: Sendable, Hashable {
        /// It counts.
        case valid
        /// It was written by someone who did not own the partition any more.
        case void
    }

    /// The next offset to read.
    private(set) var position: Int64
    /// Highest epoch so far; 0 before the first owner.
    private(set) var epoch: Int64
    /// Id of that epoch's owner record; empty when that record was not seen.
    private(set) var ownerID: String
    /// What stands before ``position``.
    private var last: Last
    /// Rows that changed since they were last stored; `nil` for those that ended.
    private(set) var changes: [JournalKey: JournalRow?] = [:]
    /// Rows that are open or need repair.
    private(set) var attention: [JournalKey: JournalRow] = [:]
    /// Open entries by their group.
    private(set) var openGroups: [String: JournalKey] = [:]

    /// Rules that a simulation breaks.
    var faults: DeliberateFaults = []

    /// The record before a position: its fingerprint is made only when it is asked for, which is not for each record.
    private enum Last: Sendable {
        case fingerprint(String)
        case record(id: String, key: JournalKey, mark: JournalMark)
    }

    init(_ checkpoint: JournalCheckpoint = JournalCheckpoint(), attention: [JournalRow] = []) {
        position = checkpoint.position
        epoch = checkpoint.epoch
        ownerID = checkpoint.ownerID
        last = .fingerprint(checkpoint.lastRecord)
        for row in attention { note(row, at: row.key) }
    }

    /// Up to where the log was read, and its owner.
    var checkpoint: JournalCheckpoint {
        let fingerprint =
            switch last {
            case .fingerprint(let known): known
            case .record(let id, let key, let mark): Self.fingerprint(id, key, mark)
            }
        return JournalCheckpoint(position: position, epoch: epoch, ownerID: ownerID, lastRecord: fingerprint)
    }

    /// Goes past a record that is none of a journal.
    mutating func skip(_ offset: Int64) {
        position = offset < Int64.max ? offset + 1 : offset
        last = .fingerprint("")
    }

    /// Takes the next record of the log.
    ///
    /// - Parameter stored: the row of an entry that is not among the changes; asked for records that are late or that
    ///   repeat a state, which are rare.
    mutating func read(_ record: JournalReading, stored: (JournalKey) throws -> JournalRow?) rethrows -> Verdict {
        let verdict = try judge(record, stored)
        position = record.offset < Int64.max ? record.offset + 1 : record.offset
        last = .record(id: record.id, key: record.key, mark: record.mark)
        return verdict
    }

    /// What tells a record of this log from one at the same place in another log.
    static func fingerprint(_ record: JournalReading) -> String { fingerprint(record.id, record.key, record.mark) }

    private static func fingerprint(_ id: String, _ key: JournalKey, _ mark: JournalMark) -> String {
        let text = id + "\n" + key.text + "\n" + mark.text
        return Hexadecimal.encode(SHA256.hash(data: Array(text.utf8)))
    }

    /// The row of an entry, when it changed since the last ``stored(_:)``; `nil` says to ask the index.
    func changedRow(_ key: JournalKey) -> JournalRow?? { changes[key] }

    /// Forgets changes that are in the index now; those that changed again meanwhile stay.
    mutating func stored(_ rows: [JournalKey: JournalRow?]) {
        for (key, row) in rows where changes[key] == .some(row) { changes[key] = nil }
    }

    private mutating func judge(
        _ record: JournalReading, _ stored: (JournalKey) throws -> JournalRow?
    ) rethrows -> Verdict {
        let written = record.mark.epoch
        if record.key == .owner {
            if written == epoch, record.id == ownerID { return .valid }
            guard written > epoch else { return .void }
            epoch = written
            ownerID = record.id
            return .valid
        }
        if written > epoch {
            epoch = written
            ownerID = ""
        }
        let isLate = written < epoch && !faults.contains(.epochIgnored)
        if isLate {
            let current = try changes[record.key] ?? stored(record.key)
            let overwrites = faults.contains(.lateOverwrites) && record.mark.stage == .settled
            guard let current, overwrites || Self.settles(record, current) else {
                markForRepair(record, current)
                return .void
            }
        }
        if let repeated = record.mark.repeats, !isLate {
            let current = try changes[record.key] ?? stored(record.key)
            // Without a current state compaction has removed what is repeated here.
            if let current, current.stateOffset > repeated {
                markForRepair(record, current)
                return .void
            }
        }
        let row = record.value.map {
            JournalRow(key: record.key, mark: record.mark, value: $0, offset: record.offset)
        }
        changes[record.key] = .some(row)
        note(row, at: record.key)
        return .valid
    }

    private static func settles(_ record: JournalReading, _ current: JournalRow) -> Bool {
        guard record.mark.stage == .settled, record.value != nil, current.value != nil else { return false }
        guard current.mark.stage.isUnsettled, !record.mark.attemptID.isEmpty else { return false }
        return record.mark.attemptID == current.mark.attemptID
    }

    private mutating func markForRepair(_ record: JournalReading, _ current: JournalRow?) {
        var row =
            current
            ?? JournalRow(
                key: record.key, mark: JournalMark(epoch: record.mark.epoch), value: nil, offset: record.offset)
        row.needsRepair = true
        changes[record.key] = .some(row)
        note(row, at: record.key)
    }

    private mutating func note(_ row: JournalRow?, at key: JournalKey) {
        if let old = attention[key], !old.mark.group.isEmpty, openGroups[old.mark.group] == key {
            // Another one of the group that is open keeps it, the earliest first, whoever reads the log and when.
            let others = attention.values.filter { other in
                other.key != key && other.mark.isOpen && other.value != nil && other.mark.group == old.mark.group
            }
            openGroups[old.mark.group] = others.min { $0.offset < $1.offset }?.key
        }
        guard let row, row.needsRepair || row.mark.isOpen else {
            attention[key] = nil
            return
        }
        attention[key] = row
        if row.mark.isOpen, row.value != nil, !row.mark.group.isEmpty { openGroups[row.mark.group] = key }
    }
}
