/// A payment session of the demonstration provider: a token for the shopper's browser, later a transaction.
struct GenericSession: Sendable {
    /// `gs_…`.
    let token: String
    /// `go_…`.
    let orderID: String
    /// The merchant's reference.
    let reference: String
    /// In the currency's minor unit.
    let amount: Int
    /// ISO 4217, upper case.
    let currency: String
    /// The merchant's own id of the request that opened it.
    let attemptReference: String?
    /// The payment made when the shopper authorised; nil before.
    var transactionID: String?
    /// Whether the shopper declined.
    var isDeclined = false

    /// The session as `GET /v1/sessions/{token}` shows it.
    func json(transaction: GenericPayment?) -> JSONValue {
        let status = transaction?.status.rawValue ?? (isDeclined ? "declined" : "open")
        return [
            "token": .string(token), "orderId": .string(orderID), "reference": .string(reference),
            "status": .string(status), "transactionId": .text(transactionID),
            "authCode": .text(transaction?.authCode), "amount": .integer(amount), "currency": .string(currency),
            "attemptReference": .text(attemptReference),
        ]
    }
}
