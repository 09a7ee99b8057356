/// Something that must not have happened.
struct Violation: Sendable, Hashable {
    /// What every run must keep.
    enum Rule: String, Sendable {
        case noFinalAnswer = "no final answer"
        case unexpectedAnswer = "unexpected answer"
        case notCharged = "answered OK and not charged"
        case chargedAgain = "charged more than once"
        case chargedThoughDeclined = "charged though declined"
        case wrongCharge = "another amount or payment was charged than answered"
        case openedAgain = "the provider has more payments than were asked for"
        case wrongRefunds = "refunds at the provider differ from those asked for"
        case unknownPayment = "the provider has a payment nobody asked for"
        case otherAnswer = "a repeat was answered differently"
        case notNotified = "no notification"
        case wrongOrder = "a notification contradicts an earlier one or the answer"
        case earlierStage = "an earlier stage was told after a final one"
        case settledSilently = "settled after a 504 or a broken connection, and nobody was told"
        case openEffect = "an effect is still of unknown outcome"
        case deadLetter = "a record became a dead letter"
        case tooSlow = "took too long though nothing had happened to it"
        case otherEvent = "one event has several webhook ids"
        case badSignature = "a notification's signature is wrong"
        case endedByItself = "a process ended by itself"
        case stuckProcess = "a process did not end"
        case unreadableBooks = "the simulator did not tell its accounts"
        case notInTime = "the run took too long"
    }

    /// The payment, or the process.
    var reference: String
    var rule: Rule
    var details: String
}
