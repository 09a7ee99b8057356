import Providers
import Shared
import Testing

@testable import Worker

/// What is observed of a payment, in its home lane or elsewhere.
struct ObservationTests {
    private static let lost = Script.Step.failure(.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false))

    private static func observed(_ status: PaymentStatus, awaitsCapture: Bool = false) -> Script.Step {
        var observation = PaymentObservation.sample(status)
        observation.reference.shopTransactionID = "order-1"
        observation.awaitsCapture = awaitsCapture
        return .observation(observation)
    }

    /// A command in the lane of the provider's identifier.
    private static func foreign(_ operation: Shared.Operation) -> Command {
        var command = Workshop.command(operation)
        command.reference = PaymentReference(paymentID: "pay-9")
        return command
    }

    private static func tasks(_ workshop: Workshop) -> [KafkaMessage] {
        workshop.sender.stored(in: workshop.codec.topics.commands(of: Workshop.scripted)).filter {
            workshop.codec.isTask($0)
        }
    }

    @Test func whatAnotherLaneObservesIsToldByThePaymentsHomeLane() async throws {
        let workshop = Workshop()
        let command = Self.foreign(.callback)
        let script = Script([Self.observed(.accepted)])
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        let task = try #require(Self.tasks(workshop).first)
        #expect(task.key == Array("s:order-1".utf8))
        #expect(task.partition == Workshop.partition(of: .shopTransaction("order-1")))
        #expect(!String(decoding: task.value ?? [], as: UTF8.self).contains("tok-1"))
        #expect(try workshop.results().map(\.notification) == [nil])
        // The home lane tells it; done twice, it is the same notification.
        #expect(await workshop.process(task, Script([])) == .done)
        #expect(await workshop.process(task, Script([])) == .done)
        let results = try workshop.results()
        #expect(results.map(\.outcome) == ["ACCEPTED", "ACCEPTED", "ACCEPTED"])
        #expect(results.map(\.commandID) == [command.id, command.id, command.id])
        #expect(Set(results.dropFirst().map { $0.notification?.webhookID }).count == 1)
        #expect(results.last?.notification?.message.methodToken == "tok-1")
        #expect(try await workshop.payment()?.notified.count == 1)
    }

    @Test func whatOneLaneHasToldAnotherOneDoesNotTellAgain() async throws {
        let workshop = Workshop()
        let script = Script([Self.observed(.accepted)])
        let callback = Workshop.command(.callback)
        #expect(await workshop.process(try workshop.message(callback), script) == .done)
        #expect(await workshop.process(try workshop.message(Self.foreign(.callback)), script) == .done)
        #expect(await workshop.process(try #require(Self.tasks(workshop).first), Script([])) == .done)
        #expect(try workshop.results().compactMap(\.notification).count == 1)
    }

    @Test func aContradictionIsNotTold() async throws {
        let workshop = Workshop()
        for status in [PaymentStatus.accepted, .failed] {
            let callback = Workshop.command(.callback)
            let script = Script([Self.observed(status)])
            #expect(await workshop.process(try workshop.message(callback), script) == .done)
        }
        #expect(try workshop.results().map { $0.notification != nil } == [true, false])
        #expect(try await workshop.payment()?.others.map(\.final) == [.accepted])
    }

    @Test func aRefundInTheLaneOfThePaymentIDIsCountedAtHome() async throws {
        let workshop = Workshop()
        var reply = PaymentReply(result: .ok, resultDescription: "given back")
        reply.shopTransactionID = "order-1"
        let script = Script([.answer(.payment(reply))])
        let command = Self.foreign(.refund)
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        let task = try #require(Self.tasks(workshop).first)
        for _ in 0..<2 { #expect(await workshop.process(task, Script([])) == .done) }
        #expect(try await workshop.payment()?.refundedMinorUnits == 500)
        #expect(try workshop.results().count == 1)
    }

    @Test func anObservationSettlesAPaymentOfUnknownOutcomeThatNobodyCanBeAskedFor() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), Script([Self.lost])) == .done)
        workshop.time.advance(by: .seconds(60))
        let callback = Workshop.command(.callback)
        // The observation, then a provider that still does not answer the repeated payment.
        let script = Script([Self.observed(.accepted), Self.lost])
        #expect(await workshop.process(try workshop.message(callback), script) == .done)
        let attempt = try #require(try await workshop.payment()?.last)
        #expect(attempt.effect.answer?.label == "OK")
        #expect(attempt.final == .accepted)
        #expect(attempt.paymentID == "pay-9")
        #expect(try workshop.results().compactMap(\.notification).count == 1)
        // The command's own outcome is still owed, and tells the merchant nothing new.
        #expect(workshop.journal.openCount == 1)
        #expect(await workshop.clearUp(.payment("order-1"), of: command, Script([])) == .done)
        #expect(workshop.journal.openCount == 0)
        #expect(try workshop.results().map(\.outcome) == ["OUTCOME_UNKNOWN", "ACCEPTED", "OK"])
        #expect(Set(try workshop.results().compactMap { $0.notification?.webhookID }).count == 1)
    }

    @Test func newsOfAnEarlierAttemptProveNothingAboutTheOneOfUnknownOutcome() async throws {
        let workshop = Workshop()
        let refused = Script([.answer(.sample(.ko, paymentID: "pay-1"))])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), refused) == .done)
        let second = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(second), Script([Self.lost])) == .done)
        workshop.time.advance(by: .seconds(60))
        var observation = PaymentObservation.sample(.failed)
        observation.reference = PaymentReference(shopTransactionID: "order-1", paymentID: "pay-1")
        let script = Script([.observation(observation), Self.lost])
        #expect(await workshop.process(try workshop.message(Workshop.command(.check)), script) == .done)
        let payment = try #require(try await workshop.payment())
        #expect(payment.attempts.map(\.final) == [.failed, nil])
        #expect(payment.last?.effect.answer == nil)
        #expect(workshop.journal.openCount == 1)
        let paid = Script([.answer(.sample(.ok, paymentID: "pay-2"))])
        #expect(await workshop.clearUp(.payment("order-1"), of: second, paid) == .done)
        #expect(try await workshop.payment()?.last?.final == .accepted)
    }

    // MARK: - Captures

    @Test func moneyThatWaitsIsTakenOnceAndThatIsInTheJournal() async throws {
        let workshop = Workshop()
        let script = Script([Self.observed(.accepted, awaitsCapture: true)], captures: [.answer(.sample(.ok))])
        for _ in 0..<2 {
            let callback = Workshop.command(.callback)
            #expect(await workshop.process(try workshop.message(callback), script) == .done)
        }
        #expect(script.calls(.capture).map(\.idempotencyKey) == ["capture-pay-9"])
        #expect(try workshop.stages(of: .followUp("capture", of: "pay-9")) == [.attempted, .settled])
        #expect(try workshop.results().map(\.outcome) == ["ACCEPTED", "ACCEPTED"])
        #expect(try workshop.results().compactMap(\.notification).count == 1)
    }

    @Test func whatAnotherLaneObservesIsTakenInThePaymentsHomeLane() async throws {
        let workshop = Workshop()
        let script = Script([Self.observed(.accepted, awaitsCapture: true)], captures: [.answer(.sample(.ok))])
        #expect(await workshop.process(try workshop.message(Self.foreign(.callback)), script) == .done)
        #expect(script.calls(.capture).isEmpty)
        #expect(try workshop.results().isEmpty)
        let topic = workshop.codec.topics.commands(of: Workshop.scripted)
        let moved = try #require(workshop.sender.stored(in: topic).first)
        #expect(moved.key == Array("s:order-1".utf8))
        #expect(await workshop.process(moved, script) == .done)
        #expect(script.calls(.capture).count == 1)
        #expect(try workshop.results().map(\.outcome) == ["ACCEPTED"])
    }

    @Test func aCaptureThatIsRefusedFailsThePayment() async throws {
        let workshop = Workshop()
        let script = Script([Self.observed(.accepted, awaitsCapture: true)], captures: [.answer(.sample(.ko))])
        #expect(await workshop.process(try workshop.message(Workshop.command(.callback)), script) == .done)
        #expect(try workshop.results().map(\.outcome) == ["FAILED"])
        #expect(try workshop.results().first?.notification?.message.isSuccessful == false)
    }

    @Test func aCaptureOfUnknownOutcomeIsTriedAgainLaterUnderItsKeyAndNothingIsToldBefore() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.callback))
        let script = Script(
            [Self.observed(.accepted, awaitsCapture: true)], captures: [Self.lost, .answer(.sample(.ok))])
        #expect(await workshop.process(message, script) == .done)
        #expect(try workshop.results().isEmpty)
        let key = JournalKey.followUp("capture", of: "pay-9")
        #expect(try workshop.stages(of: key) == [.attempted, .unknown])
        let commands = workshop.sender.stored(in: workshop.codec.topics.commands(of: Workshop.scripted))
        #expect(await workshop.process(try #require(commands.first), script) == .done)
        #expect(Set(script.calls(.capture).map(\.idempotencyKey)) == ["capture-pay-9"])
        #expect(script.calls(.capture).count == 2)
        #expect(try workshop.results().map(\.outcome) == ["ACCEPTED"])
        #expect(try workshop.stages(of: key).last == .settled)
        #expect(workshop.journal.openCount == 0)
    }

    @Test func nothingIsTakenBeforeTheAttemptIsProven() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.callback))
        let script = Script(
            [.run { workshop.sender.withhold() }, Self.observed(.accepted, awaitsCapture: true)],
            captures: [.answer(.sample(.ok))])
        let task = Task { await workshop.process(message, script) }
        let key = JournalKey.followUp("capture", of: "pay-9")
        await eventually("the attempt is stored") { workshop.count(.attempted, of: key) == 1 }
        #expect(script.calls(.capture).isEmpty)
        workshop.sender.release()
        #expect(await task.value == .done)
        #expect(script.calls(.capture).count == 1)
    }

    // MARK: - Operators

    @Test(arguments: [true, false])
    func anOperatorSettlesAPaymentOfUnknownOutcome(hasHappened: Bool) async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), Script([Self.lost])) == .done)
        workshop.time.advance(by: .seconds(60))
        let task = Self.decision(on: command, hasHappened: hasHappened)
        // Said twice, it counts once.
        for _ in 0..<2 { #expect(await workshop.process(try workshop.message(task), Script([])) == .done) }
        #expect(try workshop.results().map(\.outcome) == ["OUTCOME_UNKNOWN", hasHappened ? "OK" : "KO"])
        #expect(try workshop.results().last?.notification?.message.isSuccessful == hasHappened)
        #expect(workshop.journal.openCount == 0)
        // What did not happen may be tried again.
        var again = Workshop.command(.pay)
        again.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
        let script = Script([.answer(.sample(.ok))])
        #expect(await workshop.process(try workshop.message(again), script) == .done)
        #expect(script.calls.count == (hasHappened ? 0 : 1))
    }

    @Test func anOperatorSettlesARefund() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.refund)
        #expect(await workshop.process(try workshop.message(command), Script([Self.lost])) == .done)
        let task = Self.decision(on: command, hasHappened: true)
        #expect(await workshop.process(try workshop.message(task), Script([])) == .done)
        #expect(try await workshop.effect(.command(command.id), of: command)?.content.answer?.label == "OK")
        #expect(try await workshop.payment()?.refundedMinorUnits == 500)
        #expect(workshop.journal.openCount == 0)
    }

    @Test func anOperatorsWordOnWhatIsSettledChangesNothing() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let script = Script([.answer(.sample(.ok))])
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        let task = Self.decision(on: command, hasHappened: false)
        #expect(await workshop.process(try workshop.message(task), Script([])) == .done)
        #expect(try await workshop.payment()?.last?.effect.answer?.label == "OK")
        #expect(try workshop.results().count == 1)
    }

    @Test func aTaskThatCannotBeReadIsADeadLetter() async throws {
        let workshop = Workshop()
        var message = try workshop.message(Self.decision(on: Workshop.command(.pay), hasHappened: true))
        message.value = Array("{}".utf8)
        #expect(await workshop.process(message, Script([])) == .done)
        #expect(try workshop.deadLettersRead().count == 1)
    }

    private static func decision(on command: Command, hasHappened: Bool) -> LaneTask {
        LaneTask(
            id: .make(atUnixMilliseconds: Workshop.now), provider: Workshop.scripted, lane: command.lane,
            createdAtMilliseconds: Workshop.now,
            content: .settle(
                OperatorDecision(
                    commandID: command.id, hasHappened: hasHappened, paymentID: "pay-9",
                    explanation: "seen at the provider")))
    }
}
