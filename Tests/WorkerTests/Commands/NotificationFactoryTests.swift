import Providers
import Shared
import Testing

@testable import Worker

struct NotificationFactoryTests {
    private static func make(
        _ observation: PaymentObservation, fallback: PaymentReference = PaymentReference(shopTransactionID: "order-1")
    ) -> PendingNotification {
        let description = ScriptedProvider.description
        let state = NotificationFactory.state(of: observation, description, fallback: fallback)
        return NotificationFactory.notification(of: state, description, fallback)
    }

    @Test func theMessageTakesWhatTheProviderSaysAndTheRestFromTheCommand() {
        let message = Self.make(.sample(.accepted)).message
        #expect(
            message
                == MerchantNotification(
                    providerName: "SCRIPTED", paymentType: "CREDITCARD", isSuccessful: true, resultDescription: "seen",
                    reference: (paymentID: "pay-9", shopTransactionID: "order-1"), token: "tok-1",
                    cardInformation: .object(["brand": .string("visa")])))
        #expect(message.methodToken == message.recurrenceToken)
    }

    @Test func aFailedPaymentIsNotifiedAsUnsuccessful() {
        #expect(Self.make(.sample(.failed)).message.isSuccessful == false)
    }

    @Test func theSameOutcomeHasTheSameWebhookIDAndAnotherOneAnother() {
        var renewal = PaymentObservation.sample(.accepted)
        renewal.kind = "renewal"
        renewal.occurrence = "invoice-1"
        var nextRenewal = renewal
        nextRenewal.occurrence = "invoice-2"
        let accepted = Self.make(.sample(.accepted))
        #expect(Self.make(.sample(.accepted)).webhookID == accepted.webhookID)
        let observations: [PaymentObservation] = [.sample(.failed), .sample(.accepted), renewal, nextRenewal]
        #expect(Set(observations.map { Self.make($0).webhookID }).count == 4)
        let ofAnotherOrder = PaymentReference(shopTransactionID: "order-2")
        #expect(Self.make(.sample(.accepted), fallback: ofAnotherOrder).webhookID != accepted.webhookID)
        #expect(accepted.webhookID.hasPrefix("msg_"))
    }
}
