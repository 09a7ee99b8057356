import Providers
import Shared
import Testing

@testable import Worker

struct HomeLaneTests {
    private static let provider = ScriptedProvider.description.name

    /// News of a state; the cause is a command of its own unless one is given.
    private static func news(
        _ status: PaymentStatus, paymentID: String? = "pay-9", kind: String = "payment", occurrence: String = "",
        cause: CommandID = .make(atUnixMilliseconds: Workshop.now), operation: Shared.Operation = .callback
    ) -> PaymentNews {
        let message = MerchantNotification(
            providerName: "SCRIPTED", paymentType: "CREDITCARD", isSuccessful: status == .accepted,
            resultDescription: "seen", reference: (paymentID ?? "", "order-1"))
        return PaymentNews(
            reference: PaymentReference(shopTransactionID: "order-1", paymentID: paymentID), cause: cause,
            operation: operation,
            event: .observed(
                ObservedState(status: status, kind: kind, occurrence: occurrence, amount: nil, message: message)))
    }

    private static func money(_ event: PaymentNews.Event, cause: CommandID) -> PaymentNews {
        PaymentNews(
            reference: PaymentReference(shopTransactionID: "order-1"), cause: cause, operation: .refund, event: event)
    }

    /// What each piece of news leads to, one after the other.
    private static func take(_ news: [PaymentNews], _ record: inout PaymentRecord) -> [String?] {
        news.map { piece in
            var home = HomeLane(record)
            home.take(piece, provider: provider)
            record = home.record
            return home.notification?.webhookID
        }
    }

    private static func pending() -> PaymentRecord { .sample([(Workshop.command(.pay), .sample("REDIRECT_TO_URL"))]) }

    @Test func whatIsNotFinalChangesNothingAndTellsNobody() {
        var record = Self.pending()
        let before = record
        #expect(Self.take([Self.news(.pending)], &record) == [nil])
        #expect(record == before)
    }

    @Test func repeatedCallbacksOfOneOutcomeAreOneNotification() {
        var record = Self.pending()
        let told = Self.take([Self.news(.accepted), Self.news(.accepted), Self.news(.accepted)], &record)
        #expect(told.compactMap { $0 }.count == 1)
        #expect(record.last?.final == .accepted)
        #expect(record.notified.map(\.webhookID) == [told[0]])
    }

    @Test func theSameCommandDoneAgainTellsTheSameAgain() {
        var record = Self.pending()
        let news = Self.news(.accepted)
        let told = Self.take([news, news], &record)
        #expect(told[0] != nil)
        #expect(told[0] == told[1])
        #expect(record.notified.count == 1)
    }

    @Test func aCheckTellsAgainUnderTheSameWebhookID() {
        var record = Self.pending()
        let told = Self.take(
            [Self.news(.accepted), Self.news(.accepted, operation: .check), Self.news(.accepted, operation: .check)],
            &record)
        #expect(told[0] != nil)
        #expect(Set(told).count == 1)
    }

    @Test(arguments: [(PaymentStatus.accepted, PaymentStatus.failed), (.failed, .accepted)])
    func aFinalOutcomeIsNeverOverwritten(first: PaymentStatus, second: PaymentStatus) {
        var record = Self.pending()
        #expect(Self.take([Self.news(first)], &record) != [nil])
        let before = record
        for operation in [Shared.Operation.callback, .check] {
            var home = HomeLane(record)
            home.take(Self.news(second, operation: operation), provider: Self.provider)
            #expect(home.isContradiction)
            #expect(home.notification == nil)
            #expect(home.record == before)
        }
    }

    @Test func everyRenewalIsToldOnceAndNoneConcludesThePayment() {
        var record = Self.pending()
        let (first, second) = ("invoice-1", "invoice-2")
        let told = Self.take(
            [
                Self.news(.accepted, kind: "renewal", occurrence: first),
                Self.news(.accepted, kind: "renewal", occurrence: first),
                Self.news(.failed, kind: "renewal", occurrence: second),
                Self.news(.accepted, kind: "renewal", occurrence: second), Self.news(.failed),
            ], &record)
        #expect(told.map { $0 != nil } == [true, false, true, true, true])
        #expect(Set(told.compactMap { $0 }).count == 4)
        #expect(record.last?.final == .failed)
    }

    @Test func refundsAndCapturesAreCountedOnceForEachCommand() {
        var record = Self.pending()
        let (one, two) = (
            CommandID.make(atUnixMilliseconds: Workshop.now), CommandID.make(atUnixMilliseconds: Workshop.now)
        )
        let told = Self.take(
            [
                Self.money(.refunded(200), cause: one), Self.money(.refunded(200), cause: one),
                Self.money(.refunded(100), cause: two), Self.money(.captured(500), cause: one),
                Self.money(.captured(500), cause: one),
            ], &record)
        #expect(told == [nil, nil, nil, nil, nil])
        #expect(record.refundedMinorUnits == 300)
        #expect(record.capturedMinorUnits == 500)
        #expect(record.refunds.count == 2)
    }

    @Test func anExpiredPaymentHasFailedAndMayBeTriedAgain() {
        var record = Self.pending()
        let news = PaymentNews(
            reference: PaymentReference(shopTransactionID: "order-1"),
            cause: .make(atUnixMilliseconds: Workshop.now), operation: .payExpire, event: .expired)
        #expect(Self.take([news], &record) == [nil])
        #expect(record.last?.final == .failed)
        #expect(record.last?.hasEndedWithoutEffect == true)
    }

    @Test func paymentsMadeElsewhereAreKeptByTheirIdentifiersAndToldLikeAnyOther() {
        var record = PaymentRecord(shopTransactionID: "order-1")
        let told = Self.take(
            [
                Self.news(.failed, paymentID: "theirs-1"), Self.news(.accepted, paymentID: "theirs-2"),
                Self.news(.accepted, paymentID: "theirs-1"), Self.news(.failed, paymentID: "theirs-1"),
            ], &record)
        #expect(told.map { $0 != nil } == [true, true, false, false])
        #expect(
            record.others == [
                ObservedPayment(paymentID: "theirs-1", final: .failed),
                ObservedPayment(paymentID: "theirs-2", final: .accepted),
            ])
        #expect(record.attempts.isEmpty)
    }

    @Test func aPaymentThatTheAttemptNamesIsNotTakenForOneMadeElsewhere() {
        var record = Self.pending()
        _ = Self.take([Self.news(.accepted), Self.news(.accepted, paymentID: "theirs-1")], &record)
        #expect(record.last?.final == .accepted)
        #expect(record.others == [ObservedPayment(paymentID: "theirs-1", final: .accepted)])
    }

    @Test func anAttemptWithoutIdentifierIsConcludedByTheFirstNews() {
        var record = PaymentRecord.sample([(Workshop.command(.pay), nil)])
        #expect(Self.take([Self.news(.accepted)], &record) != [nil])
        #expect(record.last?.final == .accepted)
        #expect(record.others.isEmpty)
    }

    @Test func newsThatCouldBeOfAnEarlierAttemptDoNotConcludeTheLastOne() {
        let command = Workshop.command(.pay)
        for earlier in [RecordedAnswer.sample("KO", paymentID: nil), .sample("KO", paymentID: "pay-9")] {
            var record = PaymentRecord.sample([(command, earlier), (Workshop.command(.pay), nil)])
            #expect(Self.take([Self.news(.failed)], &record) != [nil])
            #expect(record.last?.final == nil)
        }
        var record = PaymentRecord.sample([(command, .sample("KO", paymentID: "pay-8")), (command, nil)])
        #expect(Self.take([Self.news(.accepted)], &record) != [nil])
        #expect(record.last?.final == .accepted)
    }

    @Test func theWebhookIDHoldsTheAttemptThatTheNewsIsAbout() {
        let refused = RecordedAnswer.sample("REDIRECT_TO_URL", paymentID: "pay-8")
        var record = PaymentRecord.sample([(Workshop.command(.pay), refused)])
        let first = Self.take([Self.news(.failed, paymentID: "pay-8")], &record)
        record.begin(.sample(Workshop.command(.pay), .sample("REDIRECT_TO_URL")), productsCode: nil)
        let second = Self.take([Self.news(.failed)], &record)
        func id(_ paymentID: String, attempt: Int) -> String {
            let event = WebhookID.Event(
                provider: Self.provider, shopTransactionID: "order-1", paymentID: paymentID, kind: "payment",
                occurrence: "", status: .failed)
            return WebhookID.make(for: event, attempt: attempt)
        }
        #expect(first == [id("pay-8", attempt: 1)])
        #expect(second == [id("pay-9", attempt: 2)])
    }

    @Test func whatIsKeptOfAPaymentIsBounded() {
        var record = PaymentRecord(shopTransactionID: "order-1")
        let news = (0..<200).map { Self.news(.accepted, paymentID: "theirs-\($0)") }
        _ = Self.take(news, &record)
        for _ in 0..<200 {
            let cause = CommandID.make(atUnixMilliseconds: Workshop.now)
            _ = Self.take([Self.money(.refunded(1), cause: cause)], &record)
        }
        #expect(record.others.count == PaymentRecord.attemptsMax)
        #expect(record.notified.count == PaymentRecord.notifiedMax)
        #expect(record.refunds.count == PaymentRecord.movementsMax)
    }
}
