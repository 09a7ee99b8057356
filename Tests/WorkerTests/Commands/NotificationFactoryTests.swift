import Providers
import Shared
import Testing

@testable import Worker

struct NotificationFactoryTests {
    private static func make(
        _ observation: PaymentObservation, fallback: PaymentReference = PaymentReference(shopTransactionID: "order-1")
    ) -> PendingNotification? {
        NotificationFactory.notification(for: observation, of: ScriptedProvider.description, fallback: fallback)
    }

    @Test func aPendingPaymentIsNotNotified() {
        #expect(Self.make(.sample(.pending)) == nil)
    }

    @Test func theMessageTakesWhatTheProviderSaysAndTheRestFromTheCommand() throws {
        let message = try Self.make(.sample(.accepted)).unwrapped().message
        #expect(
            message
                == MerchantNotification(
                    providerName: "SCRIPTED", paymentType: "CREDITCARD", isSuccessful: true, resultDescription: "seen",
                    reference: (paymentID: "pay-9", shopTransactionID: "order-1"), token: "tok-1",
                    cardInformation: .object(["brand": .string("visa")])))
        #expect(message.methodToken == message.recurrenceToken)
    }

    @Test func aFailedPaymentIsNotifiedAsUnsuccessful() throws {
        #expect(try Self.make(.sample(.failed)).unwrapped().message.isSuccessful == false)
    }

    @Test func theSameOutcomeHasTheSameWebhookIDAndAnotherOneAnother() throws {
        var renewal = PaymentObservation.sample(.accepted)
        renewal.kind = "renewal"
        renewal.occurrence = "invoice-1"
        var nextRenewal = renewal
        nextRenewal.occurrence = "invoice-2"
        let accepted = try Self.make(.sample(.accepted)).unwrapped()
        #expect(try Self.make(.sample(.accepted)).unwrapped().webhookID == accepted.webhookID)
        let observations: [PaymentObservation] = [.sample(.failed), .sample(.accepted), renewal, nextRenewal]
        #expect(Set(observations.compactMap { Self.make($0)?.webhookID }).count == 4)
        let ofAnotherOrder = PaymentReference(shopTransactionID: "order-2")
        #expect(Self.make(.sample(.accepted), fallback: ofAnotherOrder)?.webhookID != accepted.webhookID)
        #expect(accepted.webhookID.hasPrefix("msg_"))
    }
}
