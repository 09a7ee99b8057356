import Shared

/// Which entry a caller's key leads to, for a day at least and two at most.
struct ClaimTable: Sendable {
    /// How long a key is kept at least.
    static let lifeMilliseconds: Int64 = 86_400_000

    private(set) var recent: [JournalClaim: JournalEntryHash] = [:]
    private(set) var earlier: [JournalClaim: JournalEntryHash] = [:]
    /// When the recent ones began, Unix milliseconds by the clock of the broker's records.
    private(set) var begunAtMilliseconds: Int64 = 0

    init() {}

    /// Takes over what a snapshot has kept.
    init(
        recent: [JournalClaim: JournalEntryHash], earlier: [JournalClaim: JournalEntryHash],
        begunAtMilliseconds: Int64
    ) {
        self.recent = recent
        self.earlier = earlier
        self.begunAtMilliseconds = begunAtMilliseconds
    }

    /// Keys that are kept.
    var count: Int { recent.count + earlier.count }

    /// The entry of a key.
    func entry(of claim: JournalClaim) -> JournalEntryHash? { recent[claim] ?? earlier[claim] }

    /// Notes the entry of keys, as a record of this time says.
    ///
    /// - Parameter isLate: whether the record is of a former owner, who did not know what a key has led to since.
    mutating func note(
        _ claims: [JournalClaim], _ entry: JournalEntryHash, atMilliseconds time: Int64, isLate: Bool = false
    ) {
        guard !claims.isEmpty else { return }
        if time - begunAtMilliseconds > Self.lifeMilliseconds {
            earlier = time - begunAtMilliseconds > 2 * Self.lifeMilliseconds ? [:] : recent
            recent = [:]
            begunAtMilliseconds = time
        }
        for claim in claims where !isLate || self.entry(of: claim) == nil { recent[claim] = entry }
    }
}
