import Providers
import Shared

/// What became of a command: the answer to its caller, and what is recorded and notified.
struct Outcome: Sendable {
    /// `OK`, `KO`, …, a status, or an error code: for records and metrics.
    var label: String
    /// HTTP status of the answer.
    var statusCode = 200
    /// Body of the answer; `nil` when it could not be written.
    var body: [UInt8]?
    /// `Retry-After` of the answer.
    var retryAfterSeconds: Int?
    /// Whether it is a recorded answer of an earlier command.
    var isReplayed = false
    /// Identifiers that the provider told.
    var found = PaymentReference()
    /// The amount that the provider told.
    var amount: Money?
    /// The notification, when the merchant is to be told.
    var notification: PendingNotification?

    init(answer: ProviderAnswer) {
        switch answer {
        case .payment(let reply):
            label = reply.result.rawValue
            body = try? JSONCoding.encode(reply)
            found = PaymentReference(shopTransactionID: reply.shopTransactionID, paymentID: reply.paymentID)
        case .object(let members):
            label = members["result"]?.stringValue ?? members["status"]?.stringValue ?? "OK"
            body = try? JSONCoding.encode(members)
            found.paymentID = members["transactionId"]?.stringValue
        }
    }

    init(status observation: PaymentObservation) {
        self.init(observation: observation)
        body = try? JSONCoding.encode(StatusReply(status: observation.status))
    }

    init(observation: PaymentObservation) {
        label = observation.status.rawValue
        found = observation.reference
        amount = observation.amount
    }

    init(failure: ProviderFailure, _ command: Command, _ operation: OperationDescription) {
        let answer = FailureAnswer.response(to: failure, of: command, effect: operation.effect)
        label = answer.response.code.rawValue
        statusCode = answer.response.statusCode
        body = try? JSONCoding.encode(answer.response)
        retryAfterSeconds = answer.retryAfterSeconds
    }

    init(expired command: Command) {
        label = Self.expiredLabel
    }

    /// Label of commands that came too late and never ran.
    static let expiredLabel = "EXPIRED"

    init(recorded answer: RecordedAnswer, isReplayed: Bool) {
        label = answer.label
        statusCode = answer.statusCode
        body = Array(answer.body.utf8)
        retryAfterSeconds = answer.retryAfterSeconds
        found = answer.found
        self.isReplayed = isReplayed
    }

    init(state: ObservedState) {
        label = state.status.rawValue
        amount = state.amount
    }

    /// A refusal of this service's own.
    init(refusal response: ErrorResponse, _ command: Command?) {
        var response = response
        response.requestId = command?.id.value ?? response.requestId
        label = response.code.rawValue
        statusCode = response.statusCode
        body = try? JSONCoding.encode(response)
        if statusCode == 503 { retryAfterSeconds = FailureAnswer.retryAfterSecondsDefault }
        if statusCode == 409 { retryAfterSeconds = 1 }
    }

    /// The command's reference with what the provider told added.
    func reference(completing reference: PaymentReference) -> PaymentReference {
        PaymentReference(
            shopTransactionID: reference.shopTransactionID ?? found.shopTransactionID,
            paymentID: reference.paymentID ?? found.paymentID)
    }
}
