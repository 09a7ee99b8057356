extension StripeWire {
    /// A subscription; `cancelAt` in Unix seconds.
    struct Subscription: Decodable {
        var id: String
        var status: String?
        var cancelAt: Int64?
        var cancelAtPeriodEnd: Bool?
        var latestInvoice: Reference?
        var metadata: [String: String]?

        enum CodingKeys: String, CodingKey {
            case id, status, metadata
            case cancelAt = "cancel_at"
            case cancelAtPeriodEnd = "cancel_at_period_end"
            case latestInvoice = "latest_invoice"
        }
    }

    /// A bill of a subscription; amounts in minor units.
    ///
    /// Versions before 2025-03-31 name the subscription and its metadata, and the payment, at the top level.
    struct Invoice: Decodable {
        struct Details: Decodable {
            var subscription: Reference?
            var metadata: [String: String]?
        }

        struct Parent: Decodable {
            var subscriptionDetails: Details?

            enum CodingKeys: String, CodingKey {
                case subscriptionDetails = "subscription_details"
            }
        }

        var id: String
        var status: String?
        var billingReason: String?
        var amountPaid: Int64?
        var amountDue: Int64?
        var currency: String?
        var paymentIntent: Reference?
        var charge: Reference?
        private var subscription: Reference?
        private var subscriptionDetails: Details?
        private var parent: Parent?

        /// The subscription's id.
        var subscriptionID: String? { (parent?.subscriptionDetails?.subscription ?? subscription)?.id }
        /// The subscription's metadata when the bill was made.
        var subscriptionMetadata: [String: String]? {
            parent?.subscriptionDetails?.metadata ?? subscriptionDetails?.metadata
        }

        enum CodingKeys: String, CodingKey {
            case id, status, currency, charge, subscription, parent
            case billingReason = "billing_reason"
            case amountPaid = "amount_paid"
            case amountDue = "amount_due"
            case paymentIntent = "payment_intent"
            case subscriptionDetails = "subscription_details"
        }
    }

    /// How bills were paid.
    struct InvoicePaymentList: Decodable {
        struct Element: Decodable {
            var payment: Payment
        }

        struct Payment: Decodable {
            var paymentIntent: Reference?
            var charge: Reference?

            enum CodingKeys: String, CodingKey {
                case charge
                case paymentIntent = "payment_intent"
            }
        }

        var data: [Element]
        var hasMore: Bool?

        enum CodingKeys: String, CodingKey {
            case data
            case hasMore = "has_more"
        }
    }

    /// A webhook about a bill.
    struct InvoiceEvent: Decodable {
        struct Content: Decodable {
            var object: Invoice
        }

        var id: String
        var type: String
        var data: Content
    }
}
