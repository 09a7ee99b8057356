import Providers
import Shared

/// Makes the merchant's notification of a final observation.
enum NotificationFactory {
    /// - Returns: `nil` for a pending outcome, which is never notified.
    static func notification(
        for observation: PaymentObservation, of description: ProviderDescription, fallback: PaymentReference
    ) -> PendingNotification? {
        guard observation.status.isFinal else { return nil }
        let paymentID = observation.reference.paymentID ?? fallback.paymentID ?? ""
        let shopTransactionID = observation.reference.shopTransactionID ?? fallback.shopTransactionID ?? ""
        let message = MerchantNotification(
            providerName: description.notificationName, paymentType: observation.paymentType,
            isSuccessful: observation.status == .accepted, resultDescription: observation.resultDescription,
            reference: (paymentID, shopTransactionID), token: observation.token,
            cardInformation: observation.cardInformation, safeChargeData: observation.safeChargeData)
        let event = WebhookID.Event(
            provider: description.name, shopTransactionID: shopTransactionID, paymentID: paymentID,
            kind: observation.kind, occurrence: observation.occurrence, status: observation.status)
        return PendingNotification(webhookID: WebhookID.make(for: event, attempt: 1), message: message)
    }
}
