import Providers
import Shared
import Testing

@testable import Worker

struct PayGuardTests {
    /// What is known of the payment's last attempt.
    enum Last: Sendable, CaseIterable {
        case none, underWay, paid, redirected, pending, redirectedAndPaid, refused, notExecuted, redirectedAndFailed

        func record(_ command: Command) -> PaymentRecord? {
            switch self {
            case .none: nil
            case .underWay: .sample([(command, nil)])
            case .paid: .sample([(command, .sample("OK"))], final: .accepted)
            case .redirected: .sample([(command, .sample("REDIRECT_TO_URL"))])
            case .pending: .sample([(command, .sample("PENDING"))])
            case .redirectedAndPaid: .sample([(command, .sample("REDIRECT_TO_URL"))], final: .accepted)
            case .refused: .sample([(command, .sample("KO", effect: .none))], final: .failed)
            case .notExecuted: .sample([(command, .sample("PROVIDER_UNAVAILABLE", statusCode: 503, effect: .none))])
            case .redirectedAndFailed: .sample([(command, .sample("REDIRECT_TO_URL"))], final: .failed)
            }
        }
    }

    /// What a repeat is answered, shortened.
    enum Answer: Hashable {
        case start, replay, recover, mismatch
    }

    private static let expected: [Last: Answer] = [
        .none: .start, .underWay: .recover, .paid: .replay, .redirected: .replay, .pending: .replay,
        .redirectedAndPaid: .replay, .refused: .start, .notExecuted: .start, .redirectedAndFailed: .start,
    ]

    private static func decide(
        _ command: Command, _ record: PaymentRecord?, isSameProducts: Bool = true
    ) -> PayGuard.Decision {
        PayGuard.decide(command, isSameProducts: { _ in isSameProducts }, record: record)
    }

    private static func short(_ decision: PayGuard.Decision) -> Answer {
        switch decision {
        case .start: .start
        case .answer: .replay
        case .recover: .recover
        case .mismatch: .mismatch
        }
    }

    @Test(arguments: Last.allCases)
    func aRepeatIsANewAttemptOnlyWhenTheLastOneEndedWithoutEffect(last: Last) {
        let record = last.record(Workshop.command(.pay))
        let decision = Self.decide(Workshop.command(.pay), record)
        #expect(Self.short(decision) == Self.expected[last])
        if case .answer(let attempt, let isReplayed) = decision {
            #expect(isReplayed)
            #expect(attempt == record?.last)
        }
    }

    @Test(arguments: Last.allCases)
    func otherContentIsAMismatchAsLongAsTheLastAttemptMayHaveItsEffect(last: Last) {
        let mayHaveEffect = Self.expected[last] != .start
        let record = last.record(Workshop.command(.pay))
        var amount = Workshop.command(.pay)
        amount.amount = Money(minorUnits: 501)
        var method = Workshop.command(.pay)
        method.paymentMethod = "wallet"
        let others = [(amount, "amount"), (method, "paymentMethod"), (Workshop.command(.payRecurrent), "operation")]
        for (other, field) in others {
            let decision = Self.decide(other, record)
            #expect(Self.short(decision) == (mayHaveEffect ? .mismatch : .start))
            if case .mismatch(let issue) = decision { #expect(issue.field == field) }
        }
        let products = Self.decide(Workshop.command(.pay), record, isSameProducts: false)
        #expect(Self.short(products) == (mayHaveEffect ? .mismatch : .start))
    }

    @Test func theCommandItselfIsAnsweredItsOwnAnswerAndNeverComparedOrStarted() {
        let (first, second) = (Workshop.command(.pay), Workshop.command(.pay))
        let record = PaymentRecord.sample([(first, .sample("KO", effect: .none)), (second, .sample("OK"))])
        for (command, label) in [(first, "KO"), (second, "OK")] {
            guard case .answer(let attempt, let isReplayed) = Self.decide(command, record, isSameProducts: false) else {
                Issue.record("the command is not answered")
                continue
            }
            #expect(attempt.effect.answer?.label == label)
            #expect(!isReplayed)
        }
        #expect(Self.decide(second, .sample([(second, nil)])) == .recover)
    }

    @Test func ofManyAttemptsTheNewestAreKeptAndTheirNumbersGoOn() {
        var record = PaymentRecord(shopTransactionID: "order-1")
        for _ in 0..<(PaymentRecord.attemptsMax + 4) {
            record.begin(.sample(Workshop.command(.pay), .sample("KO", effect: .none)), productsCode: nil)
        }
        #expect(record.attempts.count == PaymentRecord.attemptsMax)
        #expect(record.attempts.map(\.number) == Array(5...(PaymentRecord.attemptsMax + 4)))
        #expect(record.attemptNumber == PaymentRecord.attemptsMax + 4)
    }
}
