/// Outcome of a payment operation as the merchant reads it in `result`.
public enum PaymentResult: String, Sendable, Codable, Hashable {
    /// Done.
    case ok = "OK"
    /// Refused.
    case ko = "KO"
    /// The buyer must go on elsewhere.
    case redirectToURL = "REDIRECT_TO_URL"
    /// Accepted by the provider and not finished.
    case pending = "PENDING"
}

/// Reply to `pay`, `pay/recurrent`, `refund`, `confirm` and the two `expire` operations; absent values are written as
/// `null`.
public struct PaymentReply: Sendable, Hashable, Codable {
    /// The outcome.
    public var result: PaymentResult
    /// A text for people; its wording depends on the provider.
    ///
    /// May be empty.
    public var resultDescription: String
    /// The provider's identifier of the payment.
    public var paymentID: String?
    /// The page to send the buyer to.
    public var redirectToUrl: String?
    /// The URL that opens the provider's app.
    public var redirectToUrlMobile: String?
    /// The merchant's identifier as the provider knows it, for operations that are told by the provider's alone.
    ///
    /// It is no part of the answer.
    public var shopTransactionID: String?

    /// Makes a reply; what is not given is `null`.
    public init(
        result: PaymentResult,
        resultDescription: String,
        paymentID: String? = nil,
        redirectToUrl: String? = nil,
        redirectToUrlMobile: String? = nil,
        shopTransactionID: String? = nil
    ) {
        self.result = result
        self.resultDescription = resultDescription
        self.paymentID = paymentID
        self.redirectToUrl = redirectToUrl
        self.redirectToUrlMobile = redirectToUrlMobile
        self.shopTransactionID = shopTransactionID
    }

    private enum CodingKeys: String, CodingKey {
        case result, resultDescription, paymentID, redirectToUrl, redirectToUrlMobile
    }

    /// Writes every field, absent ones as `null`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(result, forKey: .result)
        try container.encode(resultDescription, forKey: .resultDescription)
        try container.encode(paymentID, forKey: .paymentID)
        try container.encode(redirectToUrl, forKey: .redirectToUrl)
        try container.encode(redirectToUrlMobile, forKey: .redirectToUrlMobile)
    }
}

extension PaymentReply: JSONWritable {
    /// Writes every field, absent ones as `null`.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        json.object { json in
            json.memberOrNull("paymentID", paymentID)
            json.memberOrNull("redirectToUrl", redirectToUrl)
            json.memberOrNull("redirectToUrlMobile", redirectToUrlMobile)
            json.member("result", result.rawValue)
            json.member("resultDescription", resultDescription)
        }
    }
}
