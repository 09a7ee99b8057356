import Foundation

/// The members of a `pay` or `refund` answer that a merchant needs.
struct PaymentAnswer: Decodable, Sendable {
    var result: String
    var paymentID: String?
    var redirectToUrl: String?

    init?(_ bytes: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(PaymentAnswer.self, from: Data(bytes)) else { return nil }
        self = answer
    }
}

/// What a merchant knows of one payment, to be compared with the provider's accounts.
struct PaymentRecord: Sendable {
    /// A refund that was asked for.
    struct Refund: Sendable {
        var amountMinorUnits: Int
        var isAnswered: Bool
    }

    /// Why a merchant knows nothing of a payment and does not ask again.
    enum Silence: Sendable {
        /// It was answered 504: news is promised.
        case unknownOutcome
        /// The connection broke, or the answer took too long: its status can be asked for.
        case noAnswer
    }

    /// One request with its repeats, until it was answered or given up.
    struct Span: Sendable {
        var part: String
        var begunAt: ContinuousClock.Instant
        var endedAt: ContinuousClock.Instant
    }

    let script: PaymentScript
    var silence: Silence?
    /// What was asked for, in turn.
    var spans: [Span] = []
    /// What the answers said about the payment, in turn.
    var told: [Told] = []
    /// The answer of the attempt that was refused.
    var refusal: PaymentAnswer?
    /// The answer of the attempt that counts.
    var success: PaymentAnswer?
    /// Whether the buyer paid on the provider's page.
    var isPagePaid = false
    var refunds: [Refund] = []
    /// Whether a check was accepted after the refusal.
    var isRefusalChecked = false
    /// Whether a check was accepted after the success.
    var isSuccessChecked = false
    /// What was asked for and never answered.
    var openQuestion: String?
    /// Requests that were sent again.
    var repeats = 0
    /// Repeats of answered requests that were compared.
    var replaysCompared = 0
    var violations: [Violation] = []
    /// Requests and answers with their times, for whoever has to explain a violation.
    var timeline: [String] = []

    private static let timelineMax = 300
    private static let noteLengthMax = 120

    /// Whether the provider must have taken the money.
    var mustBeCharged: Bool { script.kind == .page ? isPagePaid : success != nil }

    mutating func note(_ text: String) {
        guard timeline.count < Self.timelineMax else { return }
        let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        timeline.append("\(time) \(text.prefix(Self.noteLengthMax))")
    }

    mutating func report(_ rule: Violation.Rule, _ details: String) {
        violations.append(Violation(reference: script.reference, rule: rule, details: details))
    }
}
