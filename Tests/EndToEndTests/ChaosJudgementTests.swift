import Testing

@testable import Chaos

/// What the crash harness decides without any process: its judgement of accounts and notifications.
@Suite struct ChaosJudgementTests {
    @Test func whatIsRightIsNoViolation() {
        #expect(oracle().violations() == [])
    }

    @Test func whatTheProviderDidTooOftenIsFound() {
        var twice = oracle()
        twice.accounts.byReference["r"]?.timesCharged = 2
        twice.accounts.chargedMoreThanOnce = 1
        #expect(twice.violations().map(\.rule) == [.chargedAgain])
        var never = oracle()
        never.accounts.byReference["r"] = nil
        #expect(Set(never.violations().map(\.rule)) == [.notCharged, .wrongRefunds])
        var refundedAgain = oracle()
        refundedAgain.accounts.byReference["r"]?.payments[0].refundedMinorUnits = 200
        #expect(refundedAgain.violations().map(\.rule) == [.wrongRefunds])
        var other = oracle()
        other.accounts.byReference["r"]?.payments[0].paymentID = "gp_2"
        #expect(other.violations().map(\.rule) == [.wrongCharge])
        var stranger = oracle()
        stranger.accounts.byReference["s"] = Account(reference: "s", timesCharged: 0, payments: [])
        #expect(stranger.violations().map(\.rule) == [.unknownPayment])
    }

    @Test func aRefundWithoutAnAnswerMayBeEither() {
        for (count, sum) in [(0, 0), (1, 100)] {
            var open = oracle()
            open.records[0].refunds[0].isAnswered = false
            open.records[0].openQuestion = "refund-1: 504"
            open.accounts.byReference["r"]?.payments[0].refundCount = count
            open.accounts.byReference["r"]?.payments[0].refundedMinorUnits = sum
            #expect(open.violations().map(\.rule) == [.noFinalAnswer])
        }
    }

    @Test func notificationsAreMissedAndMisordered() {
        var silent = oracle()
        silent.notifications = []
        #expect(silent.violations().map(\.rule) == [.notNotified])
        var contradicted = oracle()
        contradicted.notifications.append(notification(2, "msg_2", isSuccessful: false, "gp_0"))
        #expect(contradicted.violations().map(\.rule) == [.wrongOrder])
        var inOrder = oracle()
        inOrder.notifications.insert(notification(0, "msg_0", isSuccessful: false, "gp_0"), at: 0)
        inOrder.notifications.append(notification(3, "msg_0", isSuccessful: false, "gp_0"))
        #expect(inOrder.violations() == [])
        var answeredOtherwise = oracle()
        answeredOtherwise.notifications.insert(notification(0, "msg_0", isSuccessful: false, "gp_1"), at: 0)
        #expect(answeredOtherwise.violations().map(\.rule) == [.wrongOrder])
        var another = oracle()
        another.notifications.append(notification(2, "msg_2", isSuccessful: true, "gp_1"))
        #expect(another.violations().map(\.rule) == [.otherEvent])
    }

    /// One paid, once refunded, checked and notified payment.
    private func oracle() -> Oracle {
        var record = PaymentRecord(script: script)
        record.success = PaymentAnswer(Array(#"{"result":"OK","paymentID":"gp_1"}"#.utf8))
        record.refunds = [.init(amountMinorUnits: 100, isAnswered: true)]
        record.isSuccessChecked = true
        let payment = Account.Payment(
            paymentID: "gp_1", status: "captured", chargedMinorUnits: script.amountMinorUnits, refundedMinorUnits: 100,
            refundCount: 1)
        let account = Account(reference: "r", timesCharged: 1, payments: [payment])
        return Oracle(
            records: [record], accounts: Accounts(byReference: ["r": account], chargedMoreThanOnce: 0),
            notifications: [notification(1, "msg_1", isSuccessful: true, "gp_1")])
    }

    private var script: PaymentScript {
        var random = SeededGenerator(seed: 1)
        return PaymentScript(reference: "r", kind: .approved, shares: .init(keys: 1, replays: 0), &random)
    }

    private func notification(
        _ number: Int, _ id: String, isSuccessful: Bool, _ paymentID: String
    ) -> ReceivedNotification {
        ReceivedNotification(
            number: number, webhookId: id, signatureVerified: true,
            body: .init(isSuccessful: isSuccessful, paymentID: paymentID, shopTransactionID: "r"))
    }
}
