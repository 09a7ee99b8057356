import Foundation
import Testing

@testable import Chaos

/// What the crash harness thinks of what merchants were told, and when, and of what is left over at the end.
@Suite struct ChaosNewsTests {
    @Test func whoWasAnswered504IsNotified() {
        #expect(silence(.unknownOutcome, charged: 1).violations().map(\.rule) == [.settledSilently])
        #expect(silence(.unknownOutcome, charged: 1, notified: true).violations() == [])
        #expect(silence(.unknownOutcome, charged: 1, notified: false).violations().map(\.rule) == [.settledSilently])
        #expect(silence(.unknownOutcome, charged: 0, notified: false, status: "FAILED").violations() == [])
        #expect(silence(.unknownOutcome, charged: 0, status: "FAILED").missing().map(\.rule) == [.settledSilently])
    }

    @Test func whoseConnectionBrokeIsToldWhenAsking() {
        #expect(silence(.noAnswer, charged: 1).violations() == [])
        for status in ["PENDING", "FAILED"] {
            let rules = silence(.noAnswer, charged: 1, status: status).violations().map(\.rule)
            #expect(rules == [.settledSilently])
        }
        var unanswered = silence(.noAnswer, charged: 1)
        unanswered.statuses = [:]
        #expect(unanswered.violations().map(\.rule) == [.settledSilently])
    }

    @Test func whatNeverReachedTheProviderOrOnlyAPageIsNoNews() {
        var never = silence(.unknownOutcome, charged: 1)
        never.accounts = Accounts()
        #expect(never.violations() == [])
        var page = silence(.unknownOutcome, charged: 0, status: "PENDING")
        page.accounts.byReference["r"]?.payments[0].status = "pending"
        #expect(page.violations() == [])
        // Of the attempts one was refused and answered; the next, which was lost, did not happen.
        var answered = silence(.unknownOutcome, charged: 0, status: "FAILED")
        answered.records[0].refusal = PaymentAnswer(Array(#"{"result":"KO","paymentID":"gp_1"}"#.utf8))
        #expect(answered.violations() == [])
    }

    @Test func aFinalStageStays() throws {
        let (ok, ko, page) = (try answer("OK"), try answer("KO"), try answer("REDIRECT_TO_URL"))
        let pending = try answer("PENDING")
        #expect(order([(page, 0, 1), (ok, 2, 3), (ok, 4, 5)]) == [])
        #expect(order([(ok, 0, 1), (pending, 2, 3)]) == [.earlierStage])
        #expect(order([(ok, 0, 1), (ko, 2, 3)]) == [.earlierStage])
        // Asked before it was told of the end, so it may be older.
        #expect(order([(ok, 0, 2), (pending, 1, 3)]) == [])
        // The first answer to a request is given again, whatever happened since.
        #expect(order([(page, 0, 1), (ok, 2, 3), (page, 4, 5)]) == [])
        #expect(order([(page, 4, 5)], notifiedAt: 2) == [.earlierStage])
        #expect(order([(ok, 4, 5)], notifiedAt: 2) == [])
    }

    @Test func aStatusIsToldToo() {
        let early = Told(status: Array(#"{"status":"ACCEPTED"}"#.utf8), paymentID: "gp_1", askedAt: .now)
        #expect(early.stage == .succeeded)
        #expect(Told(status: [], paymentID: "gp_1", askedAt: .now).stage == .open)
    }

    @Test func onlyWhatNoTroubleTouchedIsMeasured() {
        let start = ContinuousClock.now
        func span(_ begin: Int, _ end: Int) -> PaymentRecord.Span {
            .init(part: "pay-1", begunAt: start + .seconds(begin), endedAt: start + .seconds(end))
        }
        var record = PaymentRecord(script: script)
        record.spans = [span(0, 1), span(3, 9), span(12, 100), span(30, 32), span(40, 62)]
        var step = StepResult(number: 1, trouble: .killWorkers)
        (step.begunAt, step.endedAt) = (start + .seconds(8), start + .seconds(13))
        let oracle = DurationOracle(
            records: [record], windows: DurationOracle.windows(of: [step]), limit: .seconds(20))
        #expect(oracle.summary?.count == 3)
        #expect(oracle.summary?.median == .seconds(2))
        #expect(oracle.summary?.most == .seconds(22))
        #expect(oracle.violations().map(\.rule) == [.tooSlow])
        #expect(DurationOracle(records: [], windows: [], limit: .zero).summary == nil)
        #expect(DurationText.of(.milliseconds(1_257)) == "1.25 s")
    }

    @Test func openEffectsAreReadFromWhatTheCommandPrints() {
        #expect(OpenEffects(printed: "0 effects\n")?.lines == [])
        let line = "generic-provider  01J  pay  UNKNOWN  5.00 EUR  shopTransactionID=c1-7  paymentID=-  2026"
        let effects = OpenEffects(printed: "a line of the log\n\(line)\n1 effect\n")
        #expect(effects?.violations.map(\.reference) == ["c1-7"])
        #expect(effects?.violations.map(\.rule) == [.openEffect])
        for text in ["", "no broker answers", "3 effects"] { #expect(OpenEffects(printed: text) == nil) }
    }

    @Test func deadLettersAreCountedFromMetricsAndLogs() {
        let metrics = """
            # TYPE pgm_deadletters_total counter
            pgm_deadletters_total{topic="a"} 2
            pgm_deadletters_total{topic="b"} 1
            pgm_other_total{topic="pgm_deadletters_total"} 9
            """
        #expect(DeadLetters.count(inMetrics: metrics) == 3)
        let lines = DeadLetters.lines(inLog: "x\nerror a record cannot be processed and becomes a dead letter\n")
        #expect(lines.count == 1)
        #expect(DeadLetters.violations(lines: lines, counted: 1).count == 1)
        #expect(DeadLetters.violations(lines: lines, counted: 3).count == 2)
        #expect(DeadLetters.violations(lines: [], counted: 0) == [])
    }

    private func answer(_ result: String) throws -> PaymentAnswer {
        try #require(PaymentAnswer(Array(#"{"result":"\#(result)","paymentID":"gp_1"}"#.utf8)))
    }

    /// Judges answers with the seconds at which they were asked for and given.
    private func order(
        _ answers: [(answer: PaymentAnswer, asked: Double, told: Double)], notifiedAt: Double? = nil
    ) -> [Violation.Rule] {
        var record = PaymentRecord(script: script)
        let start = Date(timeIntervalSince1970: 1_000_000)
        record.told = answers.map { entry in
            var told = Told(entry.answer, askedAt: start + entry.asked)
            told.at = start + entry.told
            return told
        }
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let notifications = notifiedAt.map { second in
            var notification = self.notification(isSuccessful: true)
            notification.receivedAt = (start + second).formatted(format)
            return [notification]
        }
        return OrderOracle(records: [record], notifications: notifications ?? []).violations().map(\.rule)
    }

    private func silence(
        _ silence: PaymentRecord.Silence, charged: Int, notified isSuccessful: Bool? = nil, status: String = "ACCEPTED"
    ) -> SilenceOracle {
        var record = PaymentRecord(script: script)
        record.silence = silence
        let payment = Account.Payment(
            paymentID: "gp_1", status: charged > 0 ? "captured" : "declined", chargedMinorUnits: charged * 100,
            refundedMinorUnits: 0, refundCount: 0)
        let account = Account(reference: "r", timesCharged: charged, payments: [payment])
        let told = Told(status: Array(#"{"status":"\#(status)"}"#.utf8), paymentID: nil, askedAt: .now)
        return SilenceOracle(
            records: [record], accounts: Accounts(byReference: ["r": account], chargedMoreThanOnce: 0),
            notifications: isSuccessful.map { [notification(isSuccessful: $0)] } ?? [], statuses: ["r": told])
    }

    private func notification(isSuccessful: Bool) -> ReceivedNotification {
        ReceivedNotification(
            number: 1, webhookId: "msg_1", signatureVerified: true,
            body: .init(isSuccessful: isSuccessful, paymentID: "gp_1", shopTransactionID: "r"))
    }

    private var script: PaymentScript {
        var random = SeededGenerator(seed: 1)
        return PaymentScript(reference: "r", kind: .approved, shares: .init(keys: 1, replays: 0), &random)
    }
}
