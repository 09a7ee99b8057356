import Providers
import Shared

/// Makes what the merchant is told of an observation.
enum NotificationFactory {
    /// An observed state with the merchant's message.
    static func state(
        of observation: PaymentObservation, _ description: ProviderDescription, fallback: PaymentReference
    ) -> ObservedState {
        let paymentID = observation.reference.paymentID ?? fallback.paymentID ?? ""
        let shopTransactionID = observation.reference.shopTransactionID ?? fallback.shopTransactionID ?? ""
        let message = MerchantNotification(
            providerName: description.notificationName, paymentType: observation.paymentType,
            isSuccessful: observation.status == .accepted, resultDescription: observation.resultDescription,
            reference: (paymentID, shopTransactionID), token: observation.token,
            cardInformation: observation.cardInformation, safeChargeData: observation.safeChargeData)
        return ObservedState(
            status: observation.status, kind: observation.kind, occurrence: observation.occurrence,
            amount: observation.amount, message: message)
    }

    /// The notification of a payment that has no home; one with a home is numbered by its attempts there.
    static func notification(
        of state: ObservedState, _ description: ProviderDescription, _ reference: PaymentReference
    ) -> PendingNotification {
        let event = WebhookID.Event(
            provider: description.name, shopTransactionID: state.message.shopTransactionID,
            paymentID: state.message.paymentID, kind: state.kind, occurrence: state.occurrence, status: state.status)
        return PendingNotification(webhookID: WebhookID.make(for: event, attempt: 1), message: state.message)
    }
}
