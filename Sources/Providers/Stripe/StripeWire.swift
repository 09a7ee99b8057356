/// Shapes of Stripe's API, as far as they are read.
///
/// Fields that a version may leave out are optional.
enum StripeWire {
    /// An object that stands as its id, or whole when it was expanded.
    struct Reference: Decodable {
        var id: String
        var status: String?

        private enum CodingKeys: String, CodingKey {
            case id, status
        }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                id = text
                return
            }
            let container = try decoder.container(keyedBy: CodingKeys.self)
            id = try container.decode(String.self, forKey: .id)
            status = try? container.decodeIfPresent(String.self, forKey: .status)
        }
    }

    /// A Checkout Session.
    ///
    /// `amountTotal` is in the currency's minor unit.
    struct Session: Decodable {
        var id: String
        var url: String?
        var status: String?
        var paymentStatus: String?
        var paymentIntent: Reference?
        /// `payment` or `subscription`.
        var mode: String?
        var subscription: Reference?
        var invoice: Reference?
        var amountTotal: Int64?
        var currency: String?
        var metadata: [String: String]?

        enum CodingKeys: String, CodingKey {
            case id, url, status, mode, subscription, invoice, currency, metadata
            case paymentStatus = "payment_status"
            case paymentIntent = "payment_intent"
            case amountTotal = "amount_total"
        }
    }

    /// A refund; `amount` in minor units.
    struct Refund: Decodable {
        var id: String
        var amount: Int64
        var status: String?
        var failureReason: String?
        var metadata: [String: String]?

        enum CodingKeys: String, CodingKey {
            case id, amount, status, metadata
            case failureReason = "failure_reason"
        }
    }

    /// A page of a list.
    struct RefundList: Decodable {
        var data: [Refund]
        var hasMore: Bool?

        enum CodingKeys: String, CodingKey {
            case data
            case hasMore = "has_more"
        }
    }

    /// The envelope of a webhook, without its object.
    struct EventHead: Decodable {
        var id: String
        var object: String?
        var type: String
    }

    /// A webhook about a Checkout Session.
    struct SessionEvent: Decodable {
        struct Content: Decodable {
            var object: Session
        }

        var id: String
        var type: String
        var data: Content
    }

    /// An error answer.
    struct Failure: Decodable {
        struct Content: Decodable {
            var type: String?
            var code: String?
            var message: String?
        }

        var error: Content
    }
}
