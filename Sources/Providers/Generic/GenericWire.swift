/// Shapes of the demonstration provider's API; amounts are integers of minor units.
///
/// The references of attempt, capture, void and refund are the caller's own: the provider keeps and shows them.
enum GenericWire {
    struct PaymentRequest: Encodable {
        var amount: Int64
        var currency: String
        var reference: String
        var method: String
        var token: String?
        var description: String?
        var callbackUrl: String
        var callbackMethod: String
        var successUrl: String?
        var failureUrl: String?
        var capture: String
        var recurrence: Recurrence?
        var attemptReference: String
    }

    struct Recurrence: Encodable {
        var first: Bool
        var token: String?
        var previousPaymentId: String?
        var intervalDays: Int64?
        var expiresOn: String?
    }

    /// The body of calls that need none.
    struct Nothing: Encodable {}

    struct CaptureRequest: Encodable {
        var amount: Int64
        var captureReference: String
    }

    struct VoidRequest: Encodable {
        var voidReference: String
    }

    struct SessionRequest: Encodable {
        var amount: Int64
        var currency: String
        var reference: String
        var userToken: String?
        var attemptReference: String
    }

    struct OpenedSession: Decodable {
        var token: String
        var orderId: String
    }

    struct Session: Decodable {
        var token: String
        var reference: String
        var status: String
        var transactionId: String?
        var authCode: String?
    }

    struct Payment: Decodable {
        var id: String
        var status: String
        var description: String?
        var amount: Int64
        var currency: String
        var reference: String
        var method: String?
        var pageUrl: String?
        var appUrl: String?
        var recurrenceToken: String?
        var card: Card?
        var declineReason: String?
        var authCode: String?
        var attemptReference: String?
        var captureReference: String?
        var voidReference: String?
    }

    struct Card: Decodable {
        var brand: String?
        var last4: String?
    }

    struct PaymentList: Decodable {
        var data: [Payment]
    }

    struct RefundRequest: Encodable {
        var amount: Int64
        var refundReference: String
    }

    struct Refund: Decodable {
        var id: String
        var paymentId: String
        var amount: Int64
        var status: String
        var refundReference: String?
    }

    struct RefundList: Decodable {
        var data: [Refund]
    }

    struct Failure: Decodable {
        struct Content: Decodable {
            var code: String?
            var message: String?
        }

        var error: Content
    }

    struct Event: Decodable {
        var eventId: String
        var paymentId: String
        var reference: String
        var status: String
    }
}
