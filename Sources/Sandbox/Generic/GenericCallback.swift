import Foundation

/// The callback of the demonstration provider, POST with a signed body or GET with a signed query.
enum GenericCallback {
    /// The callback that tells the payment's present state; nil when the payment has no callback address.
    static func make(for payment: GenericPayment, secret: String, at time: Date) -> OutgoingWebhook? {
        guard let callback = payment.callback else { return nil }
        let eventID = Identifier.make("ge_")
        let event: JSONValue = [
            "eventId": .string(eventID), "event": "payment.updated", "paymentId": .string(payment.id),
            "reference": .string(payment.reference), "status": .string(payment.status.rawValue),
            "amount": .integer(payment.amount), "createdAt": .string(time.formatted(.iso8601)),
        ]
        let body = event.bytes
        let fields = [
            FormField(name: "eventId", value: eventID), FormField(name: "paymentId", value: payment.id),
            FormField(name: "reference", value: payment.reference),
            FormField(name: "status", value: payment.status.rawValue),
        ]
        return OutgoingWebhook(eventID: eventID, reference: payment.reference) { spoilsSignature, unixSeconds in
            let key = spoilsSignature ? "spoilt-" + secret : secret
            if callback.method == "GET" {
                return get(callback.url, fields + [FormField(name: "t", value: String(unixSeconds))], key: key)
            }
            let message = Array("\(unixSeconds).".utf8) + body
            let signature = Signature.hexadecimal(key: key, message: message)
            return OutgoingWebhook.Rendered(
                url: callback.url, method: "POST",
                headers: [
                    FormField(name: "Content-Type", value: "application/json"),
                    FormField(name: "X-Generic-Signature", value: "t=\(unixSeconds),v1=\(signature)"),
                ],
                body: body)
        }
    }

    private static func get(_ url: String, _ fields: [FormField], key: String) -> OutgoingWebhook.Rendered {
        let message = fields.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let signature = Signature.hexadecimal(key: key, message: Array(message.utf8))
        let signed = fields + [FormField(name: "signature", value: signature)]
        let query = signed.map { "\($0.name)=\(FormField.escape($0.value))" }.joined(separator: "&")
        return OutgoingWebhook.Rendered(
            url: WebAddress.appending(query: query, to: url), method: "GET", headers: [], body: [])
    }
}
