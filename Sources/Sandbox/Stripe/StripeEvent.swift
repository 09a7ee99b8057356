/// Something Stripe tells the merchant: rendered at once, signed when it is sent.
struct StripeEvent: Sendable {
    /// API version in which events are rendered.
    static let apiVersion = "2026-07-29.dahlia"

    /// Stripe's name of the event, `checkout.session.completed` for instance.
    let type: String
    /// The session the event belongs to.
    let sessionID: String
    /// The object, as it was when the event happened.
    let object: JSONValue
    /// What changed, for `*.updated`.
    var previousAttributes: JSONValue?

    /// The webhook that carries the event; `reference` is only for faults.
    func webhook(url: String, secret: String, reference: String?, created: Int) -> OutgoingWebhook {
        let eventID = Identifier.make("evt_")
        var data = [JSONField(name: "object", value: object)]
        if let previousAttributes {
            data.append(JSONField(name: "previous_attributes", value: previousAttributes))
        }
        let envelope: JSONValue = [
            "id": .string(eventID), "object": "event", "api_version": .string(Self.apiVersion),
            "created": .integer(created), "livemode": false, "pending_webhooks": 1, "type": .string(type),
            "request": ["id": .null, "idempotency_key": .null], "data": .object(data),
        ]
        let body = envelope.bytes
        return OutgoingWebhook(eventID: eventID, reference: reference) { spoilsSignature, unixSeconds in
            let key = spoilsSignature ? "spoilt-" + secret : secret
            return OutgoingWebhook.Rendered(
                url: url, method: "POST",
                headers: [
                    FormField(name: "Content-Type", value: "application/json; charset=utf-8"),
                    FormField(
                        name: "Stripe-Signature", value: Self.signature(body, secret: key, unixSeconds: unixSeconds)),
                ],
                body: body)
        }
    }

    /// The value of `Stripe-Signature` for a body sent at these Unix seconds.
    static func signature(_ body: [UInt8], secret: String, unixSeconds: Int) -> String {
        let code = Signature.hexadecimal(key: secret, message: Array("\(unixSeconds).".utf8) + body)
        return "t=\(unixSeconds),v1=\(code)"
    }
}
