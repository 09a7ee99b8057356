import Providers
import Shared
import Testing

@testable import Worker

/// What becomes of calls whose answer was lost.
struct UnknownOutcomeTests {
    private static let paid = Script.Step.answer(.sample(.ok))
    private static let lost = Script.Step.failure(.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false))

    /// A command whose call was lost and could not be cleared up while its caller waited.
    private static func lose(_ command: Command, _ workshop: Workshop) async throws {
        #expect(await workshop.process(try workshop.message(command), Script([lost])) == .done)
        #expect(try workshop.replies().map(\.statusCode) == [504])
        #expect(try Workshop.error(try workshop.replies().first).commandID == command.id)
        #expect(try workshop.results().map(\.outcome) == ["OUTCOME_UNKNOWN"])
    }

    /// A refund of which nobody knows whether it reached the provider: its process stands still in the call.
    private static func abandon(
        _ command: Command, _ workshop: Workshop, _ gate: Gate
    ) async throws -> (task: Task<RecordDisposition, Never>, successor: Workshop) {
        let script = Script([.run { await gate.wait() }, paid])
        let message = try workshop.message(command)
        let task = Task { await workshop.process(message, script) }
        await eventually("the call") { script.calls.count == 1 }
        let successor = workshop.successor()
        await successor.owned(message.partition)
        return (task, successor)
    }

    @Test(arguments: [Shared.Operation.pay, .refund])
    func anUnknownOutcomeIs504AndStaysOpenInTheJournal(operation: Shared.Operation) async throws {
        let workshop = Workshop()
        let command = Workshop.command(operation)
        try await Self.lose(command, workshop)
        let key: JournalKey = operation == .pay ? .payment("order-1") : .command(command.id)
        let last = try #require(try workshop.records(of: key).last)
        #expect(last.mark.stage == .unknown)
        #expect(last.mark.isOpen)
        #expect(!last.mark.isFact)
        #expect(workshop.journal.openCount == 1)
    }

    @Test func anUnknownOutcomeIsClearedUpWhileTheCallerWaits() async throws {
        let workshop = Workshop()
        let script = Script([Self.lost], lookUps: [.failure(Script.cannotBeAsked), .answer(.sample(.ok))])
        let command = Workshop.command(.refund)
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(script.calls.count == 1)
        #expect(script.calls(.lookUp).map(\.idempotencyKey) == ["refund-\(command.id)", "refund-\(command.id)"])
        #expect(try workshop.replies().map(\.statusCode) == [200])
        #expect(workshop.journal.openCount == 0)
    }

    // MARK: - Repeating under the provider's key

    @Test func aKeyedCallIsMadeAgainUnderItsOldKeyWithItsOldRequest() async throws {
        let workshop = Workshop()
        let command = Workshop.with(["token": "t"], Workshop.command(.pay))
        try await Self.lose(command, workshop)
        workshop.time.advance(by: .seconds(60))
        let script = Script([Self.paid])
        let key = JournalKey.payment("order-1")
        #expect(await workshop.clearUp(key, of: command, script) == .done)
        #expect(script.calls.map(\.idempotencyKey) == ["pay-\(command.id)"])
        #expect(script.calls.map(\.body) == [["token": "t"]])
        #expect(try await workshop.payment()?.last?.final == .accepted)
        #expect(workshop.journal.openCount == 0)
        // There is nothing more to do.
        #expect(await workshop.clearUp(key, of: command, script) == .done)
        #expect(script.calls.count == 1)
        #expect(try workshop.results().count == 2)
    }

    @Test func aRepeatThatFailsLeavesTheOutcomeUnknownAlsoWhenItProvesThatItDidNothing() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        try await Self.lose(command, workshop)
        let refused = ProviderFailure.sample(.unreachable, mayHaveHadEffect: false, isTransient: false)
        #expect(await workshop.clearUp(.payment("order-1"), of: command, Script([.failure(refused)])) == .done)
        #expect(try workshop.stages(of: .payment("order-1")).last == .unknown)
        #expect(workshop.journal.openCount == 1)
    }

    @Test func whenTheKeyHasGoneTheProviderIsAskedAndNeverCalledAgain() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        try await Self.lose(command, workshop)
        workshop.time.advance(by: ScriptedProvider.keyLife)
        let script = Script([Self.paid], lookUps: [.answer(.sample(.ko))])
        #expect(await workshop.clearUp(.payment("order-1"), of: command, script) == .done)
        #expect(script.calls.isEmpty)
        #expect(script.calls(.lookUp).count == 1)
        #expect(try await workshop.payment()?.last?.final == .failed)
    }

    // MARK: - Looking up

    @Test func aCallThatMayBeUnderWayIsLookedUpAfterItsDurationAndTheVisibilityLag() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.refund)
        let gate = Gate()
        let (task, successor) = try await Self.abandon(command, workshop, gate)
        let asked = Seen<Duration>()
        let script = Script([], lookUps: [.run { asked.set(successor.time.now) }, .answer(.sample(.ok))])
        let key = JournalKey.command(command.id)
        // Its 22 seconds and the lag are longer than one try at clearing up takes.
        #expect(await successor.clearUp(key, of: command, script) == .done)
        #expect(asked.value == nil)
        #expect(successor.time.now == .zero)
        successor.time.advance(by: .seconds(6))
        #expect(await successor.clearUp(key, of: command, script) == .done)
        #expect(asked.value == .seconds(22) + ScriptedProvider.visibilityLag)
        #expect(script.calls.isEmpty)
        #expect(try successor.results().map(\.outcome) == ["OK"])
        gate.open()
        // The answer comes after all, and is of no consequence.
        _ = await task.value
        #expect(try await successor.effect(key, of: command)?.content.answer?.body.contains("said") == true)
    }

    @Test func aCallThatHasEndedIsLookedUpAfterTheVisibilityLag() async throws {
        let workshop = Workshop()
        let asked = Seen<Duration>()
        let script = Script([Self.lost], lookUps: [.run { asked.set(workshop.time.now) }, .answer(.sample(.ok))])
        let message = try workshop.message(Workshop.command(.refund))
        #expect(await workshop.process(message, script) == .done)
        #expect(asked.value == ScriptedProvider.visibilityLag)
    }

    @Test func whatTheProviderDoesNotKnowIsDoneAfterAllAsLongAsSomebodyWaits() async throws {
        let workshop = Workshop()
        let script = Script([Self.lost, Self.paid], lookUps: [.nothing])
        let command = Workshop.command(.refund)
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(script.calls.map(\.idempotencyKey) == ["refund-\(command.id)", "refund-\(command.id)"])
        #expect(try workshop.replies().map(\.statusCode) == [200])
        let attempts = try workshop.records(of: .command(command.id)).map(\.mark.attemptID)
        #expect(Set(attempts).count == 2)
    }

    @Test func whatTheProviderDoesNotKnowWhenNobodyWaitsIsSettledAsNotDone() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.refund)
        try await Self.lose(command, workshop)
        workshop.time.advance(by: .seconds(60))
        let script = Script([Self.paid], lookUps: [.nothing])
        #expect(await workshop.clearUp(.command(command.id), of: command, script) == .done)
        #expect(script.calls.isEmpty)
        let answer = try #require(try await workshop.effect(.command(command.id), of: command)?.content.answer)
        #expect(answer.statusCode == 503)
        #expect(answer.effect == RecordedAnswer.Effect.none)
        #expect(try workshop.results().map(\.outcome) == ["OUTCOME_UNKNOWN", "PROVIDER_UNAVAILABLE"])
    }

    @Test func theLookUpsFailureLeavesTheOutcomeUnknown() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.refund)
        try await Self.lose(command, workshop)
        #expect(await workshop.clearUp(.command(command.id), of: command, Script([])) == .done)
        #expect(try await workshop.effect(.command(command.id), of: command)?.mark.stage == .unknown)
    }

    // MARK: - What the merchant hears

    @Test func anOutcomeThatTheCallerCannotHaveHadIsNotifiedOnce() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        try await Self.lose(command, workshop)
        workshop.time.advance(by: .seconds(60))
        #expect(await workshop.clearUp(.payment("order-1"), of: command, Script([Self.paid])) == .done)
        let told = try #require(try workshop.results().last?.notification)
        #expect(told.message.isSuccessful)
        #expect(told.message.paymentID == "pay-9")
        #expect(told.message.shopTransactionID == "order-1")
        #expect(told.message.paymentType == "CREDITCARD")
        // The provider's callback tells the same, and the merchant has heard it.
        let callback = Workshop.command(.callback)
        let script = Script([.observation(.sample(.accepted))])
        #expect(await workshop.process(try workshop.message(callback), script) == .done)
        #expect(try workshop.results().last?.outcome == "ACCEPTED")
        #expect(try workshop.results().compactMap(\.notification).count == 1)
        // Only who does the very same again tells it again, as the same event.
        #expect(await workshop.process(try workshop.message(command), Script([])) == .done)
        #expect(Set(try workshop.results().compactMap { $0.notification?.webhookID }) == [told.webhookID])
    }

    @Test func anOutcomeThatTheCallerHasIsNotNotified() async throws {
        let workshop = Workshop()
        let script = Script([Self.lost, Self.paid])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(try workshop.replies().map(\.statusCode) == [200])
        #expect(try workshop.results().map(\.notification) == [nil])
    }

    // MARK: - Effects of the same kind

    @Test func behindAnUnsettledRefundAnotherOneIsRefusedAndThatIsRecorded() async throws {
        let workshop = Workshop()
        let first = Workshop.command(.refund)
        try await Self.lose(first, workshop)
        var second = Workshop.command(.refund)
        second.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
        let script = Script([Self.paid])
        #expect(await workshop.process(try workshop.message(second), script) == .done)
        #expect(script.calls.isEmpty)
        #expect(try workshop.replies().map(\.statusCode) == [504, 503])
        let answer = try #require(try await workshop.effect(.command(second.id), of: second)?.content.answer)
        #expect(answer.effect == RecordedAnswer.Effect.none)
        // It was refused for good: delivered again it does not run, although the way is free now.
        let known = Script([Self.paid], lookUps: [.answer(.sample(.ok))])
        workshop.time.advance(by: .seconds(60))
        #expect(await workshop.clearUp(.command(first.id), of: first, known) == .done)
        #expect(await workshop.process(try workshop.message(second), known) == .done)
        #expect(known.calls.isEmpty)
        #expect(try workshop.replies().map(\.statusCode) == [504, 503, 503])
    }

    @Test func anotherRefundClearsTheUnsettledOneUpAndThenRuns() async throws {
        let workshop = Workshop()
        let first = Workshop.command(.refund)
        try await Self.lose(first, workshop)
        var second = Workshop.command(.refund)
        second.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
        let script = Script([Self.paid], lookUps: [.answer(.sample(.ok))])
        #expect(await workshop.process(try workshop.message(second), script) == .done)
        #expect(script.calls.map(\.commandID) == [second.id])
        #expect(try workshop.replies().map(\.statusCode) == [504, 200])
        // What became of the first one is still to be published, by whoever comes back to its entry.
        #expect(workshop.journal.openCount == 1)
        #expect(await workshop.clearUp(.command(first.id), of: first, Script([])) == .done)
        #expect(try workshop.results().map(\.commandID) == [first.id, second.id, first.id])
        #expect(workshop.journal.openCount == 0)
        #expect(try await workshop.payment()?.refundedMinorUnits == 1000)
    }

    @Test func aRefundOfAnotherPaymentDoesNotWait() async throws {
        let workshop = Workshop()
        try await Self.lose(Workshop.command(.refund), workshop)
        var other = Workshop.command(.refund, shopTransactionID: "order-2")
        other.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
        let script = Script([Self.paid])
        #expect(await workshop.process(try workshop.message(other), script) == .done)
        #expect(script.calls.count == 1)
    }

    // MARK: - Stopping

    @Test func aProcessThatStopsLeavesTheClearingUpToItsSuccessor() async throws {
        let workshop = Workshop()
        let script = Script([Self.lost])
        let message = try workshop.message(Workshop.command(.pay))
        let stopping = Timing(now: { workshop.time.now }, pause: { _ in false }, sleep: { _ in true })
        #expect(await workshop.process(message, script, timing: stopping) == .done)
        #expect(script.calls.count == 2)
        #expect(try workshop.replies().map(\.statusCode) == [504])
        #expect(workshop.journal.openCount == 1)
    }

    @Test func aResultTooLargeForTheBrokerDoesNotKeepItsEntryOpen() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        try await Self.lose(command, workshop)
        let tooLarge = KafkaSendError(code: .messageTooLarge, mayBeStored: false)
        workshop.sender.fail(workshop.codec.topics.results, with: Array(repeating: tooLarge, count: 100))
        #expect(await workshop.clearUp(.payment("order-1"), of: command, Script([Self.paid])) == .done)
        #expect(workshop.journal.openCount == 0)
    }
}
