import Providers
import Shared
import Testing

@testable import Worker

struct AsynchronousCommandTests {
    private static let unreachable = ProviderFailure.sample(.unreachable, mayHaveHadEffect: false, isTransient: false)

    @Test func aPendingCheckIsRecordedAndNotNotified() async throws {
        let workshop = Workshop()
        let script = Script([.observation(.sample(.pending))])
        #expect(await workshop.process(try workshop.message(Workshop.command(.check)), script) == .done)
        let result = try #require(try workshop.results().first)
        #expect(result.outcome == "PENDING")
        #expect(result.notification == nil)
        #expect(try workshop.replies().isEmpty)
    }

    @Test(arguments: [Operation.check, .callback])
    func aFinalOutcomeIsNotifiedWithTheDocumentedBody(operation: Operation) async throws {
        let workshop = Workshop()
        let script = Script([.observation(.sample(.accepted))])
        #expect(await workshop.process(try workshop.message(Workshop.command(operation)), script) == .done)
        let notification = try #require(try workshop.results().first?.notification)
        let body = try JSONCoding.encode(notification.message)
        let documented =
            #"{"ccInfo":{"brand":"visa"},"isSuccessful":true,"methodToken":"tok-1","paymentID":"pay-9","#
            + #""paymentType":"CREDITCARD","providerName":"SCRIPTED","recurrenceToken":"tok-1","#
            + #""resultDescription":"seen","shopTransactionID":"order-1"}"#
        #expect(String(decoding: body, as: UTF8.self) == documented)
    }

    @Test func aFailureIsPutBackWithTheNextAttemptAndALaterStart() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.check)
        let message = try workshop.message(command)
        #expect(await workshop.process(message, Script([.failure(Self.unreachable)])) == .done)
        let commands = workshop.sender.stored(in: workshop.codec.topics.commands(of: Workshop.scripted))
        let again = try workshop.codec.command(from: try #require(commands.first))
        #expect(commands.count == 1)
        #expect(commands.first?.key == message.key)
        #expect(again.id == command.id)
        #expect(again.attempt == 2)
        #expect(again.notBeforeMilliseconds == Workshop.now + 30_000)
        #expect(again.payload == command.payload)
        #expect(try workshop.results().isEmpty)
    }

    @Test func aTransientFailureIsTriedAgainInPlaceFirst() async throws {
        let workshop = Workshop()
        let script = Script([
            .failure(.sample(.unreachable, mayHaveHadEffect: false)), .observation(.sample(.accepted)),
        ])
        #expect(await workshop.process(try workshop.message(Workshop.command(.check)), script) == .done)
        #expect(script.calls.count == 2)
        #expect(try workshop.results().map(\.outcome) == ["ACCEPTED"])
    }

    @Test func afterTheLastRoundACommandIsADeadLetter() async throws {
        let workshop = Workshop()
        var command = Workshop.command(.check)
        command.attempt = Workshop.settings.roundsMax
        let message = try workshop.message(command)
        #expect(await workshop.process(message, Script([.failure(Self.unreachable)])) == .done)
        let letter = try #require(try workshop.deadLettersRead().first)
        #expect(letter.reason == "gave up after 3 rounds: unreachable")
        #expect(try workshop.codec.command(from: letter.original) == command)
        #expect(workshop.sender.storedCount == 1)
    }

    @Test func aTransactionThatTheProviderDoesNotKnowIsRecordedAndNotTriedForEver() async throws {
        let workshop = Workshop()
        let unknown = ProviderFailure.sample(.unknownTransaction, mayHaveHadEffect: false, isTransient: false)
        let message = try workshop.message(Workshop.command(.check))
        #expect(await workshop.process(message, Script([.failure(unknown)])) == .done)
        #expect(try workshop.results().map(\.outcome) == ["UNKNOWN_TRANSACTION"])
        #expect(workshop.sender.storedCount == 1)
    }

    @Test func aCommandThatWasPutBackWaitsForItsTime() async throws {
        let workshop = Workshop()
        let script = Script([.observation(.sample(.accepted))])
        var command = Workshop.command(.check)
        command.notBeforeMilliseconds = Workshop.now + 60
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(workshop.time.now == .milliseconds(60))
        #expect(script.calls.count == 1)
    }

    @Test func aCommandThatStillWaitsWhenItsTaskEndsIsLeftToTheNextOwner() async throws {
        let workshop = Workshop()
        let script = Script([.observation(.sample(.accepted))])
        var command = Workshop.command(.check)
        command.notBeforeMilliseconds = Workshop.now + 3_600_000
        let message = try workshop.message(command)
        let task = Task { await workshop.process(message, script, timing: workshop.time.waiting) }
        // Two regular duties of the journal, and the command.
        await eventually("the command waits") { workshop.time.sleeperCount == 3 }
        task.cancel()
        #expect(await task.value == .leftForSuccessor)
        #expect(script.calls.isEmpty)
        #expect(workshop.sender.storedCount == 0)
    }
}
