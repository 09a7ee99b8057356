import Crypto
import Foundation
public import Shared

extension GenericProvider {
    /// How far a callback's time may be from now, in seconds.
    static let callbackToleranceSeconds: Int64 = 300

    /// Verifies the signature of a body (POST) or of the parameters (GET).
    public func authenticate(_ callback: RawCallback) throws(CallbackRejection) -> CallbackNotice {
        let event = callback.method == "GET" ? try fromQuery(callback) : try fromBody(callback)
        let reference = PaymentReference(shopTransactionID: event.reference, paymentID: event.paymentId)
        guard PaymentReference.isWellFormed(event.reference), PaymentReference.isWellFormed(event.paymentId) else {
            throw .unreadable("reference and paymentId must have 1 to 128 printable ASCII characters")
        }
        return .payment(reference)
    }

    private func fromBody(_ callback: RawCallback) throws(CallbackRejection) -> GenericWire.Event {
        guard let text = callback.headers["x-generic-signature"], let header = SignatureHeader(text) else {
            throw .notAuthentic
        }
        let isAuthentic = header.verifies(
            callback.body, key: callbackSecret.exposed, nowSeconds: clock.unixSeconds,
            toleranceSeconds: Self.callbackToleranceSeconds)
        guard isAuthentic else { throw .notAuthentic }
        guard let event = try? JSONCoding.decode(GenericWire.Event.self, from: callback.body) else {
            throw .unreadable("the body must be a JSON object with eventId, paymentId, reference and status")
        }
        return event
    }

    /// The signature covers the parameters in this order, percent-decoded.
    private func fromQuery(_ callback: RawCallback) throws(CallbackRejection) -> GenericWire.Event {
        let names = ["eventId", "paymentId", "reference", "status", "t"]
        let values = names.map { callback.parameter($0) ?? "" }
        let signed = zip(names, values).map { "\($0)=\($1)" }.joined(separator: "&")
        guard let signature = SignatureHeader.bytes(hexadecimal: callback.parameter("signature") ?? "") else {
            throw .notAuthentic
        }
        let key = SymmetricKey(data: Array(callbackSecret.exposed.utf8))
        guard HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: Array(signed.utf8), using: key) else {
            throw .notAuthentic
        }
        let now = clock.unixSeconds
        let tolerated = (now - Self.callbackToleranceSeconds)...(now + Self.callbackToleranceSeconds)
        guard let time = Int64(values[4]), tolerated.contains(time) else {
            throw .notAuthentic
        }
        return GenericWire.Event(
            eventId: values[0], paymentId: values[1], reference: values[2], status: values[3])
    }
}
