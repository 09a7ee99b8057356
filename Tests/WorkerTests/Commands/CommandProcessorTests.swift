import Providers
import Shared
import Testing

@testable import Worker

struct CommandProcessorTests {
    private static let paid = ProviderAnswer.payment(
        PaymentReply(result: .ok, resultDescription: "done", paymentID: "pay-9"))

    @Test func aCommandIsExecutedOnceAndReplyAndResultArePublished() async throws {
        let workshop = Workshop()
        let script = Script([.answer(Self.paid)])
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(script.calls.map(\.idempotencyKey) == ["pay-\(command.id)"])
        #expect(script.calls.map(\.commandID) == [command.id])
        let reply = try #require(try workshop.replies().first)
        #expect(try workshop.replies().count == 1)
        #expect(reply.commandID == command.id)
        #expect(reply.statusCode == 200)
        #expect(try JSONCoding.decode(PaymentReply.self, from: reply.body).paymentID == "pay-9")
        let result = try #require(try workshop.results().first)
        #expect(try workshop.results().count == 1)
        #expect(result.outcome == "OK")
        #expect(result.reference == PaymentReference(shopTransactionID: "order-1", paymentID: "pay-9"))
        #expect(result.amount == Money(minorUnits: 500))
        #expect(result.notification == nil)
    }

    @Test func theReplyGoesToThePartitionAndInstanceThatWait() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        _ = await workshop.process(try workshop.message(command), Script([.answer(Self.paid)]))
        let message = try #require(workshop.sender.stored(in: workshop.codec.topics.replies).first)
        #expect(message.partition == 3)
        #expect(workshop.codec.addressee(of: message)?.instance == "ingress-1")
        #expect(workshop.codec.addressee(of: message)?.commandID == command.id)
    }

    @Test func aRefusalByTheProviderIsAnAnswerAndNoError() async throws {
        let workshop = Workshop()
        let refused = ProviderAnswer.payment(PaymentReply(result: .ko, resultDescription: "no funds"))
        let script = Script([.answer(refused)])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(try workshop.replies().map(\.statusCode) == [200])
        #expect(try workshop.results().map(\.outcome) == ["KO"])
        #expect(script.calls.count == 1)
    }

    @Test func aKeyedCallIsRepeatedWithTheSameKeyUntilItSucceeds() async throws {
        let workshop = Workshop()
        let script = Script([
            .failure(.sample(.noAnswer, mayHaveHadEffect: true)),
            .failure(.sample(.providerError, mayHaveHadEffect: true)), .answer(Self.paid),
        ])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(script.calls.count == 3)
        #expect(Set(script.calls.map(\.idempotencyKey)).count == 1)
        #expect(try workshop.replies().map(\.statusCode) == [200])
    }

    @Test func anUnprotectedRefundIsNotSentTwiceWhenTheAnswerIsLost() async throws {
        let workshop = Workshop()
        let script = Script([.failure(.sample(.noAnswer, mayHaveHadEffect: true)), .answer(Self.paid)])
        let command = Workshop.command(.refund)
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(script.calls.count == 1)
        let reply = try #require(try workshop.replies().first)
        let error = try JSONCoding.decode(ErrorResponse.self, from: reply.body)
        #expect(reply.statusCode == 504)
        #expect(error.code == .outcomeUnknown)
        #expect(error.commandID == command.id)
        #expect(error.repeatIsSafe == false)
        #expect(try workshop.results().map(\.outcome) == ["OUTCOME_UNKNOWN"])
    }

    @Test func anUnprotectedRefundIsSentAgainWhenTheFailureProvesThatNothingHappened() async throws {
        let workshop = Workshop()
        let script = Script([.failure(.sample(.unreachable, mayHaveHadEffect: false)), .answer(Self.paid)])
        #expect(await workshop.process(try workshop.message(Workshop.command(.refund)), script) == .done)
        #expect(script.calls.count == 2)
        #expect(try workshop.replies().map(\.statusCode) == [200])
    }

    @Test func aHarmlessLastFailureDoesNotHideThatAnEarlierAttemptMayHaveHadItsEffect() async throws {
        let workshop = Workshop()
        let script = Script([
            .failure(.sample(.noAnswer, mayHaveHadEffect: true)),
            .failure(.sample(.unreachable, mayHaveHadEffect: false, isTransient: false)),
        ])
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        let reply = try #require(try workshop.replies().first)
        #expect(reply.statusCode == 504)
        #expect(reply.retryAfterSeconds == nil)
        #expect(try JSONCoding.decode(ErrorResponse.self, from: reply.body).commandID == command.id)
    }

    @Test func anUnusableAnswerOfAnEffectIs502WithTheCommandAndNeverKO() async throws {
        let workshop = Workshop()
        let script = Script([.failure(.sample(.unusableAnswer, mayHaveHadEffect: true, isTransient: false))])
        let command = Workshop.command(.pay)
        _ = await workshop.process(try workshop.message(command), script)
        let reply = try #require(try workshop.replies().first)
        #expect(reply.statusCode == 502)
        #expect(try JSONCoding.decode(ErrorResponse.self, from: reply.body).commandID == command.id)
        #expect(try workshop.results().map(\.outcome) == ["PROVIDER_ERROR"])
    }

    @Test func aProviderThatCannotBeReachedIs503WithRetryAfter() async throws {
        let workshop = Workshop()
        let failure = ProviderFailure.sample(
            .throttled, mayHaveHadEffect: false, retryAfter: .seconds(7))
        var command = Workshop.command(.pay)
        command.deadlineMilliseconds = Workshop.now + 5000
        _ = await workshop.process(try workshop.message(command), Script([.failure(failure)]))
        #expect(try workshop.replies().map(\.statusCode) == [503])
        #expect(try workshop.replies().map(\.retryAfterSeconds) == [7])
    }

    @Test func anExpiredCommandNeverCallsTheProviderAndIsRecorded() async throws {
        let workshop = Workshop()
        let script = Script([.answer(Self.paid)])
        var command = Workshop.command(.pay)
        command.deadlineMilliseconds = Workshop.now - 1
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(script.calls.isEmpty)
        #expect(try workshop.replies().isEmpty)
        #expect(try workshop.results().map(\.outcome) == ["EXPIRED"])
    }

    @Test func statusAnswersTheStateAndNotifiesNobody() async throws {
        let workshop = Workshop()
        let script = Script([.observation(.sample(.accepted))])
        _ = await workshop.process(try workshop.message(Workshop.command(.status)), script)
        let reply = try #require(try workshop.replies().first)
        #expect(try JSONCoding.decode(StatusReply.self, from: reply.body).status == .accepted)
        #expect(try workshop.results().map(\.notification) == [nil])
    }

    @Test func noRequestToTheProviderMayOutlastTheCommand() async throws {
        let workshop = Workshop()
        let script = Script([.answer(Self.paid)])
        var command = Workshop.command(.pay)
        command.deadlineMilliseconds = Workshop.now + 3000
        _ = await workshop.process(try workshop.message(command), script)
        #expect(try #require(script.calls.first).timeout <= .seconds(3))
    }

    @Test func theResultIsSentAgainUntilItIsStored() async throws {
        let workshop = Workshop()
        let script = Script([.answer(Self.paid)])
        let lost = KafkaSendError(code: .notPersisted, mayBeStored: false)
        workshop.sender.fail(workshop.codec.topics.results, with: [lost, lost])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(try workshop.results().count == 1)
        #expect(script.calls.count == 1)
        #expect(workshop.sender.attempts == 4)
    }

    @Test func aResultTooLargeForTheBrokerMakesItsCommandADeadLetter() async throws {
        let workshop = Workshop()
        let tooLarge = KafkaSendError(code: .messageTooLarge, mayBeStored: false)
        workshop.sender.fail(workshop.codec.topics.results, with: [tooLarge])
        let message = try workshop.message(Workshop.command(.pay))
        #expect(await workshop.process(message, Script([.answer(Self.paid)])) == .done)
        let letters = try workshop.deadLettersRead()
        #expect(letters.map(\.reason) == ["its result is too large for the broker"])
        #expect(letters.first?.original.value == message.value)
    }
}
