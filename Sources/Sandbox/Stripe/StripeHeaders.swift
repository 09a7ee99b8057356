import Foundation

/// The header rules of Stripe's API.
struct StripeHeaders: Sendable {
    private let privateKey: String

    /// Takes the only key that is accepted.
    init(privateKey: String) {
        self.privateKey = privateKey
    }

    /// Checks the headers of a request.
    ///
    /// Returns its idempotency key, nil where none has an effect.
    func check(_ request: SimulatedRequest, operation: String) throws(StripeError) -> String? {
        try checkKey(request.header("Authorization"))
        guard let version = request.header("Stripe-Version") else {
            throw .invalid(nil, "This simulated account has no default version: send the Stripe-Version header.")
        }
        guard Self.isVersion(version) else {
            throw .invalid(nil, "Invalid Stripe API version: \(version)")
        }
        guard request.method == "POST" else { return nil }
        guard request.mediaType == "application/x-www-form-urlencoded" else {
            throw .invalid(
                nil,
                "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have "
                    + "any questions, we can help at https://support.stripe.com/.")
        }
        guard let key = request.header("Idempotency-Key") else {
            guard operation != "create", operation != "refund" else {
                throw .invalid(nil, "This simulated account requires an Idempotency-Key for this request.")
            }
            return nil
        }
        guard (1...255).contains(key.count) else {
            throw .invalid(nil, "Idempotency keys must have 1 to 255 characters.")
        }
        return key
    }

    /// Whether the text is a day, perhaps followed by a point and a name.
    ///
    /// By hand, for it is done on every request.
    private static func isVersion(_ text: String) -> Bool {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let day = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        return day.map(\.utf8.count) == [4, 2, 2] && day.allSatisfy { $0.allSatisfy(\.isNumber) }
            && (parts.count == 1 || (!parts[1].isEmpty && parts[1].allSatisfy(\.isLetter)))
    }

    private func checkKey(_ authorization: String?) throws(StripeError) {
        guard let authorization else {
            throw StripeError(
                status: 401,
                message: "You did not provide an API key. You need to provide your API key in the Authorization "
                    + "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
        }
        let basic = "Basic " + Data("\(privateKey):".utf8).base64EncodedString()
        guard authorization == "Bearer \(privateKey)" || authorization == basic else {
            throw StripeError(status: 401, message: "Invalid API Key provided.")
        }
    }
}
