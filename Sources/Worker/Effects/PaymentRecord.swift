public import Shared

/// A payment as its home lane knows it: every attempt, the last final outcome, what the merchant was told.
public struct PaymentRecord: Sendable, Hashable, Codable {
    /// The merchant's identifier.
    public var shopTransactionID: String
    /// Number of the last attempt, from 1; 0 for a payment that was made elsewhere and only observed here.
    public var attemptNumber = 0
    /// The attempts, oldest first; of more than ``attemptsMax`` the newest.
    public var attempts: [PaymentAttempt] = []
    /// Final outcomes of payments of this reference that no attempt here led to, oldest first.
    public var others: [ObservedPayment] = []
    /// Notifications that the merchant was sent, oldest first; of more than ``notifiedMax`` the newest.
    public var notified: [SentNotification] = []
    /// Money given back.
    public var refunds: [MoneyMovement] = []
    /// Reserved money taken.
    public var captures: [MoneyMovement] = []

    /// Attempts that are kept.
    public static let attemptsMax = 16
    /// Notifications that are kept.
    public static let notifiedMax = 64
    /// Refunds and captures that are kept.
    public static let movementsMax = 64

    /// Makes the record of a payment that nothing is known of.
    public init(shopTransactionID: String) {
        self.shopTransactionID = shopTransactionID
    }

    /// The last attempt.
    var last: PaymentAttempt? { attempts.last }

    /// The attempt of a command.
    func attempt(of command: CommandID) -> PaymentAttempt? {
        attempts.last { $0.effect.commandID == command }
    }

    /// Whether a payment of the provider can only be what the last attempt led to: it is not an earlier one's, and
    /// there is no earlier one whose identifier was never told.
    func isOfLast(_ paymentID: String?) -> Bool {
        guard let paymentID else { return attempts.count == 1 }
        return !attempts.dropLast().contains { $0.paymentID == paymentID || $0.isUnidentified }
    }

    /// Adds an attempt with the next number.
    mutating func begin(_ effect: EffectState, productsCode: String?) {
        attemptNumber += 1
        attempts.append(PaymentAttempt(number: attemptNumber, effect: effect, productsCode: productsCode))
        if attempts.count > Self.attemptsMax { attempts.removeFirst(attempts.count - Self.attemptsMax) }
    }

    /// Replaces the effect of the last attempt.
    mutating func update(_ effect: EffectState) {
        guard !attempts.isEmpty else { return }
        attempts[attempts.count - 1].effect = effect
    }

    /// Notes what the last attempt came to.
    mutating func conclude(_ final: PaymentStatus) {
        guard !attempts.isEmpty else { return }
        attempts[attempts.count - 1].final = final
    }

    /// Sum of the refunds, minor units.
    public var refundedMinorUnits: Int64 { refunds.reduce(0) { $0 &+ $1.minorUnits } }
    /// Sum of the captures, minor units.
    public var capturedMinorUnits: Int64 { captures.reduce(0) { $0 &+ $1.minorUnits } }
}

/// One attempt at a payment.
public struct PaymentAttempt: Sendable, Hashable, Codable {
    /// From 1.
    public var number: Int
    /// What was asked of the provider, and its answer.
    public var effect: EffectState
    /// Code of the products; a repeat must ask for the same.
    public var productsCode: String?
    /// What the payment came to in the end; `nil` while that is open.
    public var final: PaymentStatus?

    /// The provider's identifier.
    public var paymentID: String? { effect.answer?.found.paymentID }

    /// Whether the provider may know it by an identifier that was never told.
    var isUnidentified: Bool {
        guard let answer = effect.answer else { return true }
        return answer.isProviderOutcome && answer.found.paymentID == nil
    }

    /// Whether it is over without money having moved, so that another attempt may be made.
    var hasEndedWithoutEffect: Bool {
        guard let answer = effect.answer else { return false }
        return answer.effect == .none || final == .failed
    }
}

/// A payment that was made elsewhere and observed here.
public struct ObservedPayment: Sendable, Hashable, Codable {
    /// The provider's identifier; empty when it is not known.
    public var paymentID: String
    /// What it came to.
    public var final: PaymentStatus
}

/// A notification that was handed to the notifier.
public struct SentNotification: Sendable, Hashable, Codable {
    /// Its `webhook-id`.
    public var webhookID: String
    /// The command that led to it: when that one is done again, so is the notification.
    public var cause: CommandID
}

/// Money that moved after the payment.
public struct MoneyMovement: Sendable, Hashable, Codable {
    /// The command that moved it.
    public var commandID: CommandID
    /// How much.
    public var minorUnits: Int64
}

extension PaymentRecord: JSONWritable {
    /// Writes the payment with all its attempts.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            json.member("attemptNumber", attemptNumber)
            try json.member("attempts", attempts)
            try json.member("captures", captures)
            try json.member("notified", notified)
            try json.member("others", others)
            try json.member("refunds", refunds)
            json.member("shopTransactionID", shopTransactionID)
        }
    }
}

extension PaymentAttempt: JSONWritable {
    /// Writes the attempt.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            try json.member("effect", effect)
            json.member("final", final?.rawValue)
            json.member("number", number)
            json.member("productsCode", productsCode)
        }
    }
}

extension ObservedPayment: JSONWritable {
    /// Writes identifier and outcome.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        json.object { json in
            json.member("final", final.rawValue)
            json.member("paymentID", paymentID)
        }
    }
}

extension SentNotification: JSONWritable {
    /// Writes what was sent, and why.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        json.object { json in
            json.member("cause", cause.value)
            json.member("webhookID", webhookID)
        }
    }
}

extension MoneyMovement: JSONWritable {
    /// Writes who moved how much.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        json.object { json in
            json.member("commandID", commandID.value)
            json.member("minorUnits", minorUnits)
        }
    }
}
