/// What a request to Stripe's API asks for, completely validated.
enum StripeCommand: Sendable {
    case create(StripeNewSession, expanding: Set<String>)
    case getSession(String, expanding: Set<String>)
    case expire(String)
    case getIntent(String)
    case getSubscription(String)
    case updateSubscription(String, SubscriptionChange)
    case cancelSubscription(String)
    case createRefund(NewRefund)
    case listRefunds(target: String, targetParameter: String, limit: Int, startingAfter: String?)
    case getInvoice(String)
    case listInvoicePayments(invoice: String, status: String?)

    /// The body of `POST /v1/refunds`.
    struct NewRefund: Sendable {
        /// `pi_…` or `ch_…`.
        let target: String
        /// `payment_intent` or `charge`.
        let targetParameter: String
        /// In cents; nil for all that is left.
        let amount: Int?
        let reason: String?
        let metadata: [FormField]
    }

    /// The body of `POST /v1/subscriptions/{id}`.
    struct SubscriptionChange: Sendable {
        /// What becomes of the planned end.
        enum CancelAt: Sendable, Equatable {
            case unchanged, cleared
            case at(Int)
        }

        let cancelAt: CancelAt
        let cancelsAtPeriodEnd: Bool?
        let metadata: [FormField]

        /// Whether more than metadata changes.
        var changesSchedule: Bool { cancelAt != .unchanged || cancelsAtPeriodEnd != nil }
    }

    /// The operation in the words of faults and the id in the path; `other` for an unknown path.
    static func route(of request: SimulatedRequest) -> (operation: String, id: String) {
        let path = request.path.joined(separator: "/").split(separator: "/").map(String.init)
        let id = path.count > 2 ? path[path[1] == "checkout" && path.count > 3 ? 3 : 2] : ""
        guard path.count >= 2, path[0] == "v1" else { return ("other", "") }
        switch (request.method, path[1], path.count) {
        case ("POST", "checkout", 3) where path[2] == "sessions": return ("create", "")
        case ("GET", "checkout", 4) where path[2] == "sessions": return ("get", id)
        case ("POST", "checkout", 5) where path[2] == "sessions" && path[4] == "expire": return ("expire", id)
        case ("GET", "payment_intents", 3): return ("getIntent", id)
        case ("GET", "subscriptions", 3): return ("getSubscription", id)
        case ("POST", "subscriptions", 3): return ("update", id)
        case ("DELETE", "subscriptions", 3): return ("cancel", id)
        case ("POST", "refunds", 2): return ("refund", "")
        case ("GET", "refunds", 2): return ("listRefunds", "")
        case ("GET", "invoices", 3): return ("getInvoice", id)
        case ("GET", "invoice_payments", 2): return ("listInvoicePayments", "")
        default: return ("other", "")
        }
    }

    /// Reads and validates the parameters of an operation at a time in Unix seconds.
    init(
        operation: String, id: String, fields: [FormField], catalogue: StripeCatalogue, now: Int
    ) throws(StripeError) {
        switch operation {
        case "create":
            let parameters = try StripeParameters(fields, allowed: StripeNewSession.allowed)
            self = .create(
                try StripeNewSession(parameters, catalogue: catalogue, now: now),
                expanding: try parameters.expansions(Self.sessionExpansions))
        case "get":
            let parameters = try StripeParameters(fields, allowed: ["expand[#]"])
            self = .getSession(id, expanding: try parameters.expansions(Self.sessionExpansions))
        case "refund": self = .createRefund(try Self.newRefund(fields))
        case "listRefunds": self = try Self.refundList(fields)
        case "update": self = .updateSubscription(id, try Self.subscriptionChange(fields))
        case "cancel":
            let parameters = try StripeParameters(
                fields,
                allowed: [
                    "invoice_now", "prorate", "cancellation_details[comment]", "cancellation_details[feedback]",
                ])
            _ = try parameters.bool("invoice_now")
            _ = try parameters.bool("prorate")
            self = .cancelSubscription(id)
        case "listInvoicePayments":
            let parameters = try StripeParameters(fields, allowed: ["invoice", "status", "limit"])
            self = .listInvoicePayments(invoice: try parameters.required("invoice"), status: parameters["status"])
        case "expire", "getIntent", "getSubscription", "getInvoice":
            _ = try StripeParameters(fields, allowed: [])
            switch operation {
            case "expire": self = .expire(id)
            case "getIntent": self = .getIntent(id)
            case "getInvoice": self = .getInvoice(id)
            default: self = .getSubscription(id)
            }
        default:
            throw StripeError(status: 404, message: "Unrecognized request URL.")
        }
    }

    private static let sessionExpansions: Set<String> = ["payment_intent", "subscription", "invoice"]

    private static func target(_ parameters: StripeParameters) throws(StripeError) -> (String, String) {
        if let intent = parameters["payment_intent"] { return (intent, "payment_intent") }
        if let charge = parameters["charge"] { return (charge, "charge") }
        throw .invalid(
            "payment_intent",
            "One of the following params should be provided for this request: payment_intent or charge.",
            code: "parameter_missing")
    }

    private static func newRefund(_ fields: [FormField]) throws(StripeError) -> NewRefund {
        let parameters = try StripeParameters(
            fields, allowed: ["payment_intent", "charge", "amount", "reason", "metadata[*]"])
        let (target, name) = try target(parameters)
        let amount = try parameters.integer("amount")
        guard amount ?? 1 > 0 else {
            throw .invalid("amount", "Invalid positive integer", code: "parameter_invalid_integer")
        }
        let reason = parameters["reason"]
        guard reason.map({ ["duplicate", "fraudulent", "requested_by_customer"].contains($0) }) ?? true else {
            throw .invalid(
                "reason", "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer")
        }
        return NewRefund(
            target: target, targetParameter: name, amount: amount, reason: reason,
            metadata: try parameters.metadata())
    }

    private static func refundList(_ fields: [FormField]) throws(StripeError) -> StripeCommand {
        let parameters = try StripeParameters(fields, allowed: ["payment_intent", "charge", "limit", "starting_after"])
        let (target, name) = try target(parameters)
        let limit = try parameters.integer("limit") ?? 10
        guard (1...100).contains(limit) else {
            throw .invalid("limit", "Limit must be between 1 and 100.", code: "parameter_invalid_integer")
        }
        return .listRefunds(
            target: target, targetParameter: name, limit: limit, startingAfter: parameters["starting_after"])
    }

    private static func subscriptionChange(_ fields: [FormField]) throws(StripeError) -> SubscriptionChange {
        let parameters = try StripeParameters(
            fields,
            allowed: [
                "cancel_at", "cancel_at_period_end", "proration_behavior", "metadata[*]",
                "cancellation_details[comment]", "cancellation_details[feedback]",
            ])
        let cancelsAtPeriodEnd = try parameters.bool("cancel_at_period_end")
        let cancelAt: SubscriptionChange.CancelAt
        switch parameters["cancel_at"] {
        case nil: cancelAt = .unchanged
        case "": cancelAt = .cleared
        default: cancelAt = .at(try parameters.integer("cancel_at") ?? 0)
        }
        guard cancelsAtPeriodEnd != true || cancelAt == .unchanged else {
            throw .invalid(
                "cancel_at", "You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
        }
        if let behaviour = parameters["proration_behavior"] {
            guard ["always_invoice", "create_prorations", "none"].contains(behaviour) else {
                throw .invalid("proration_behavior", "Invalid proration_behavior.")
            }
        }
        return SubscriptionChange(
            cancelAt: cancelAt, cancelsAtPeriodEnd: cancelsAtPeriodEnd, metadata: try parameters.metadata())
    }
}
