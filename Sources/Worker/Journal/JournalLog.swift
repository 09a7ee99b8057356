import Shared

/// What a partition's log says: who owns it, and where the state of each entry stands.
///
/// A pure state machine over the log's records in their order; its table of offsets is its own.
///
/// * An owner's record with a higher epoch than any before makes its writer the owner.
/// * A record of the current writer is *valid*. One of a higher writer proves an owner whose record has expired.
/// * One of a lower writer is *late*: it authorises nothing. Its place is remembered beside the entry until a record of
///   the entry says that its writer had read it.
///
/// The state of an entry is the last record of its highest writer, the late ones included. That is just what compaction
/// leaves, so that every reader comes to the same, whatever was compacted before it read.
struct JournalLog: Sendable, Codable {
    /// What became of a record.
    enum Verdict: Sendable, Hashable {
        /// Its writer owned the partition.
        case valid
        /// Its writer did not own the partition any more.
        case late
    }

    /// A record by which the log is known again.
    struct Place: Sendable, Hashable, Codable {
        var offset: Int64
        var id: JournalReading.RecordID
    }

    /// An entry that somebody has to come back to.
    struct OpenEntry: Sendable, Hashable, Codable {
        /// Its name; `nil` when the record that says so has to be read for that.
        var key: JournalKey?
        /// Place of the record.
        var offset: Int64
        /// How far it is.
        var stage: JournalMark.Stage
        /// The attempt.
        var attemptID: String
        /// Effects of the group exclude each other.
        var group: String
        /// Whether it is a late record, which its owner has to take into account.
        var isLate: Bool
    }

    /// The next offset to read.
    private(set) var position: Int64 = 0
    /// The highest writer so far; epoch 0 before the first owner.
    private(set) var writer = JournalWriter(epoch: 0, generation: 0)
    /// The last owner's record: its place and its id.
    private(set) var owner: Place?
    /// The last record that was read: its place and its id.
    private(set) var last: Place?
    /// Where the states of entries stand.
    private(set) var entries = OffsetTable()
    /// Which entries callers' keys lead to.
    private(set) var claims = ClaimTable()
    /// Entries that are open or have late records.
    private(set) var open: [JournalEntryHash: OpenEntry] = [:]
    /// Late records of entries, by their places, in order.
    private(set) var late: [JournalEntryHash: [Int64]] = [:]
    /// Unsettled entries by their group, the earliest first.
    private(set) var groups: [String: [JournalEntryHash]] = [:]
    /// Records of entries that came late.
    private(set) var lateCount = 0
    /// When each sealing key was used last, Unix milliseconds.
    private(set) var sealingKeys: [String: Int64] = [:]
    /// Entries whose ``open`` was changed since the last ``takeChanged()``.
    private var changed: [JournalEntryHash] = []

    /// What a snapshot keeps in its line; the table and the callers' keys have a form of their own.
    private enum CodingKeys: String, CodingKey {
        case position, writer, owner, last, open, late, sealingKeys
    }

    init() {}

    /// Goes on from what a snapshot has kept.
    init(_ kept: JournalSnapshot) {
        self = kept.content.state
        (entries, claims) = (kept.table, kept.claims)
        // The earliest of a group is the first one again.
        for (hash, entry) in open.sorted(by: { $0.value.offset < $1.value.offset }) { setOpen(entry, hash) }
    }

    /// Takes the next record of the log; one before ``position`` was read already and changes nothing.
    mutating func read(_ record: JournalReading) -> Verdict {
        guard record.offset >= position else { return record.writer < writer ? .late : .valid }
        pass(record.offset)
        last = Place(offset: record.offset, id: record.id)
        let isLate = record.writer < writer
        switch record.subject {
        case .owner:
            guard record.writer.epoch > writer.epoch else { return .late }
            writer = record.writer
            owner = Place(offset: record.offset, id: record.id)
        case .entry(let hash):
            if !record.mark.sealingKeyID.isEmpty {
                let used = sealingKeys[record.mark.sealingKeyID] ?? 0
                sealingKeys[record.mark.sealingKeyID] = max(used, record.timestampMilliseconds)
            }
            claims.note(record.mark.claims, hash, atMilliseconds: record.timestampMilliseconds, isLate: isLate)
            if isLate {
                note(late: record, hash)
            } else {
                writer = record.writer
                note(valid: record, hash)
            }
        }
        return isLate ? .late : .valid
    }

    /// Goes past an offset without a record that counts.
    mutating func pass(_ offset: Int64) {
        position = max(position, offset < OffsetTable.offsetMax ? offset + 1 : offset)
    }

    /// The log begins here by now: what stands before has expired.
    mutating func expire(before first: Int64) {
        guard first > entries.first else { return }
        entries.first = first
        position = max(position, first)
        for (hash, places) in late where places.contains(where: { $0 < first }) {
            let left = places.filter { $0 >= first }
            late[hash] = left.isEmpty ? nil : left
        }
        for (hash, entry) in open where entry.offset < first {
            setOpen(late[hash]?.last.map { OpenEntry(late: $0) }, hash)
        }
    }

    /// Where the records stand of which an entry's state is made.
    func places(of hash: JournalEntryHash) -> [Int64] {
        let late = late[hash] ?? []
        guard let offset = entries.offset(of: hash) else { return late }
        return late.isEmpty ? [offset] : [offset] + late
    }

    /// Whether a late record of the entry stands at this position or behind it.
    func hasLate(_ hash: JournalEntryHash, from known: Int64) -> Bool {
        late[hash]?.contains { $0 >= known } ?? false
    }

    private mutating func note(valid record: JournalReading, _ hash: JournalEntryHash) {
        entries.set(hash, to: record.offset)
        if let places = late[hash] {
            let left = places.filter { $0 >= record.mark.known }
            late[hash] = left.isEmpty ? nil : left
            if let last = left.last, !record.mark.isOpen {
                // What is late has to be taken into account still.
                return setOpen(OpenEntry(late: last), hash)
            }
        }
        guard record.mark.isOpen || open[hash] != nil else { return }
        setOpen(record.mark.isOpen ? OpenEntry(record, isLate: late[hash] != nil) : nil, hash)
    }

    private mutating func note(late record: JournalReading, _ hash: JournalEntryHash) {
        lateCount += 1
        late[hash, default: []].append(record.offset)
        if let known = open[hash], !record.mark.isOpen {
            var known = known
            known.isLate = true
            return setOpen(known, hash)
        }
        setOpen(record.mark.isOpen ? OpenEntry(record, isLate: true) : OpenEntry(late: record.offset), hash)
    }

    /// Entries that were opened, changed while they are open, or closed since this was called last.
    mutating func takeChanged() -> [JournalEntryHash] {
        defer { changed = [] }
        return changed
    }

    private mutating func setOpen(_ entry: OpenEntry?, _ hash: JournalEntryHash) {
        changed.append(hash)
        if let old = open[hash], !old.group.isEmpty, old.group != entry?.group {
            groups[old.group]?.removeAll { $0 == hash }
            if groups[old.group]?.isEmpty == true { groups[old.group] = nil }
        }
        open[hash] = entry
        guard let entry, !entry.group.isEmpty, groups[entry.group]?.contains(hash) != true else { return }
        groups[entry.group, default: []].append(hash)
    }
}

extension JournalLog.OpenEntry {
    init(_ record: JournalReading, isLate: Bool) {
        self.init(
            key: record.key, offset: record.offset, stage: record.mark.stage, attemptID: record.mark.attemptID,
            group: record.mark.group, isLate: isLate)
    }

    /// An entry that is not open but for a late record.
    init(late offset: Int64) {
        self.init(key: nil, offset: offset, stage: .settled, attemptID: "", group: "", isLate: true)
    }
}
