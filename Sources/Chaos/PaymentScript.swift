/// What a merchant does about one payment, decided by the run's seed and the payment's number.
struct PaymentScript: Sendable {
    /// How the buyer pays.
    enum Kind: Sendable {
        /// With a token that the provider accepts.
        case approved
        /// With a token that it refuses.
        case declined
        /// First with one that it refuses, then with one that it accepts.
        case declinedThenApproved
        /// On the provider's page.
        case page
    }

    /// Shares of what merchants do.
    struct Shares: Sendable {
        /// Of payments with an `Idempotency-Key`.
        var keys: Double
        /// Of payments that are sent again after their answer.
        var replays: Double
        /// Of payments that are not sent again when the outcome is unknown.
        var waiting = 0.0
        /// Of payments whose merchant asks for their status.
        var statuses = 0.2
    }

    let reference: String
    let kind: Kind
    let amountMinorUnits: Int
    let hasKey: Bool
    /// Sent once more after its answer, as when the merchant lost it.
    let isReplayed: Bool
    /// How long the merchant waits for an answer before sending again, though the first request may still run.
    let patienceSeconds: Int
    /// Partial refunds, one after the other.
    let refunds: [Int]
    let isChecked: Bool
    /// Whether the refused attempt is checked too.
    let isRefusalChecked: Bool
    /// Whether a merchant who was told nothing waits for news instead of sending again.
    let waitsForNews: Bool
    /// Whether a merchant who was told of success asks for the status.
    let isStatusAsked: Bool

    init(seed: UInt64, number: Int, shares: Shares) {
        var random = SeededGenerator(seed: seed, stream: UInt64(number) + 1)
        let kind: Kind =
            switch Int.random(in: 0..<20, using: &random) {
            case 0: .declined
            case 1, 2: .declinedThenApproved
            case 3...6: .page
            default: .approved
            }
        self.init(reference: "c\(String(seed, radix: 36))-\(number)", kind: kind, shares: shares, &random)
    }

    /// A payment of a known kind; everything else is chance.
    init(reference: String, kind: Kind, shares: Shares, _ random: inout SeededGenerator) {
        (self.reference, self.kind) = (reference, kind)
        amountMinorUnits = Int.random(in: 1_000...9_999, using: &random)
        hasKey = random.isChosen(shares.keys)
        isReplayed = random.isChosen(shares.replays)
        let patience = [2, 5, 30].randomElement(using: &random) ?? 30
        // Two of the same amount are two refunds; only their keys tell that from a repeat.
        let part = Int.random(in: 1...400, using: &random)
        let refundCount = random.isChosen(0.3) ? Int.random(in: 1...2, using: &random) : 0
        refunds = kind == .declined ? [] : Array(repeating: part, count: refundCount)
        isChecked = random.isChosen(0.35)
        isRefusalChecked = random.isChosen(0.3)
        waitsForNews = random.isChosen(shares.waiting)
        isStatusAsked = random.isChosen(shares.statuses)
        // Most of those who wait for news wait for a 504 too.
        patienceSeconds = waitsForNews && patience < 5 ? 30 : patience
    }
}

/// Amounts as the API takes them.
enum AmountText {
    /// `12.05` for 1205.
    static func of(_ minorUnits: Int) -> String {
        let cents = minorUnits % 100
        return "\(minorUnits / 100)." + (cents < 10 ? "0" : "") + "\(cents)"
    }
}
