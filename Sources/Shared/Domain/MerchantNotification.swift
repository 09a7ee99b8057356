/// Body of the message that is POSTed to the merchant's callback URL.
///
/// `methodToken` and `recurrenceToken` always have the same value: the documentation spells the field both ways.
public struct MerchantNotification: Sendable, Hashable, Codable {
    /// The provider in capitals, `STRIPE` for instance; the demonstration provider's is `generic-provider`.
    public var providerName: String
    /// Kind of payment: `CREDITCARD`, `PAYPAL`, `STRIPE`, … or `UNKNOWN`.
    public var paymentType: String
    /// Whether the payment succeeded.
    public var isSuccessful: Bool
    /// A text for people.
    public var resultDescription: String
    /// The provider's identifier.
    public var paymentID: String
    /// The merchant's identifier.
    public var shopTransactionID: String
    /// Token for later instalments.
    public var methodToken: String?
    /// The same token under its other documented name.
    public var recurrenceToken: String?
    /// Information on the card, as the provider gives it.
    public var ccInfo: JSONValue?
    /// Data of a SafeCharge transaction.
    public var safeChargeData: JSONValue?

    /// Makes a notification; `token` fills both token fields.
    public init(
        providerName: String,
        paymentType: String,
        isSuccessful: Bool,
        resultDescription: String,
        reference: (paymentID: String, shopTransactionID: String),
        token: String? = nil,
        cardInformation: JSONValue? = nil,
        safeChargeData: JSONValue? = nil
    ) {
        self.providerName = providerName
        self.paymentType = paymentType
        self.isSuccessful = isSuccessful
        self.resultDescription = resultDescription
        self.paymentID = reference.paymentID
        self.shopTransactionID = reference.shopTransactionID
        self.methodToken = token
        self.recurrenceToken = token
        self.ccInfo = cardInformation
        self.safeChargeData = safeChargeData
    }
}
