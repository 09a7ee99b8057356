import Foundation

/// Something that a merchant was told about a payment.
struct Told: Sendable {
    /// How far the payment is by it.
    enum Stage: Sendable {
        case open, succeeded, failed
    }

    var stage: Stage
    var paymentID: String?
    /// The words, for people.
    var text: String
    /// Whether a repeat of it is due whatever came after, as the first answer to a request is.
    var isFirstAnswer: Bool
    /// When it was asked for, or told of itself.
    var askedAt: Date
    /// When it was told.
    var at: Date

    /// An answer to a payment, by now.
    init(_ answer: PaymentAnswer, askedAt: Date) {
        stage =
            switch answer.result {
            case "OK": .succeeded
            case "KO": .failed
            default: .open
            }
        (paymentID, text, isFirstAnswer) = (answer.paymentID, answer.result, answer.result != "PENDING")
        (self.askedAt, at) = (askedAt, Date())
    }

    /// An answer to the question for a status, by now.
    init(status bytes: [UInt8], paymentID: String?, askedAt: Date) {
        struct Answer: Decodable { var status: String }
        let status = (try? JSONDecoder().decode(Answer.self, from: Data(bytes)))?.status ?? "unreadable"
        stage =
            switch status {
            case "ACCEPTED": .succeeded
            case "FAILED": .failed
            default: .open
            }
        (self.paymentID, text, isFirstAnswer) = (paymentID, "status \(status)", false)
        (self.askedAt, at) = (askedAt, Date())
    }

    /// A notification; nil when it is not known when it arrived.
    init?(_ notification: ReceivedNotification) {
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let at = notification.receivedAt.flatMap({ try? Date($0, strategy: format) }) else { return nil }
        stage = notification.body.isSuccessful ? .succeeded : .failed
        (paymentID, text, isFirstAnswer) = (notification.body.paymentID, "notification", false)
        (askedAt, self.at) = (at, at)
    }
}

/// What one payment's merchant was told, in order: a final stage stays, by whatever way it was told.
///
/// Notifications that contradict each other are the ``NotificationOracle``'s.
struct OrderOracle: Sendable {
    var records: [PaymentRecord]
    var notifications: [ReceivedNotification]

    func violations() -> [Violation] {
        let notified = Dictionary(grouping: notifications, by: \.body.shopTransactionID)
        return records.flatMap { record in
            judge(record, (notified[record.script.reference] ?? []).compactMap { Told($0) })
        }
    }

    private func judge(_ record: PaymentRecord, _ notified: [Told]) -> [Violation] {
        var finals: [String: Told] = [:]
        for told in (record.told + notified).sorted(by: { $0.at < $1.at }) where told.stage != .open {
            if let id = told.paymentID, finals[id] == nil { finals[id] = told }
        }
        var repeatable: Set<String> = []
        return record.told.compactMap { told in
            guard let id = told.paymentID else { return nil }
            let isRepeat = told.isFirstAnswer && !repeatable.insert(id + told.text).inserted
            guard let final = finals[id], final.at < told.askedAt, final.stage != told.stage, !isRepeat else {
                return nil
            }
            return Violation(
                reference: record.script.reference, rule: .earlierStage,
                details: "\(id): \(told.text) asked for at \(told.askedAt), after \(final.text) of \(final.stage)")
        }
    }
}
