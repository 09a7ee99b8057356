import Providers
import Shared
import Testing

@testable import Worker

/// Outcomes that their callers were not given are told to the merchant.
struct UntoldTests {
    private static let paid = Script.Step.answer(.sample(.ok))
    private static let lost = Script.Step.failure(.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false))
    private static let key = JournalKey.payment("order-1")

    /// What an ingress writes that gave up waiting for a command.
    private static func untold(_ command: Command) -> LaneTask {
        LaneTask(
            id: command.id, provider: command.provider, lane: command.lane, createdAtMilliseconds: Workshop.now,
            content: .untold(command.id))
    }

    private static func notifications(_ workshop: Workshop) throws -> [String] {
        try workshop.results().compactMap { $0.notification?.webhookID }
    }

    @Test func whatTheWorkerCouldNotSayIsInTheEntryAndToldOnceByTheSchedule() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), Script([Self.lost])) == .done)
        #expect(try workshop.replies().map(\.statusCode) == [504])
        #expect(try await workshop.payment()?.last?.effect.isUntold == true)
        #expect(try Self.notifications(workshop).isEmpty)
        for _ in 0..<2 { #expect(await workshop.clearUp(Self.key, of: command, Script([Self.paid])) == .done) }
        #expect(try Self.notifications(workshop).count == 1)
        #expect(try workshop.results().map(\.outcome) == ["OUTCOME_UNKNOWN", "OK"])
    }

    @Test func theIngressGivesUpBeforeTheEffectIsSettled() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let message = try workshop.message(command)
        let gate = Gate()
        let abandoned = Script([.run { await gate.wait() }, Self.paid])
        let task = Task { await workshop.process(message, abandoned) }
        await eventually("the call") { abandoned.calls.count == 1 }
        let successor = workshop.successor()
        #expect(await successor.process(try workshop.message(Self.untold(command)), Script([])) == .done)
        #expect(try await successor.payment()?.last?.effect.isUntold == true)
        #expect(try Self.notifications(workshop).isEmpty)
        #expect(await successor.clearUp(Self.key, of: command, Script([Self.paid])) == .done)
        #expect(try Self.notifications(workshop).count == 1)
        gate.open()
        #expect(await task.value == .again)
    }

    @Test func theIngressGivesUpAfterTheEffectIsSettled() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), Script([Self.paid])) == .done)
        #expect(try Self.notifications(workshop).isEmpty)
        let task = try workshop.message(Self.untold(command))
        // Delivered twice, it is one event.
        for _ in 0..<2 { #expect(await workshop.process(task, Script([])) == .done) }
        #expect(Set(try Self.notifications(workshop)).count == 1)
        #expect(workshop.journal.openCount == 0)
        #expect(try await workshop.payment()?.notified.count == 1)
    }

    @Test func whatTheMerchantWasToldAlreadyIsNotToldAgain() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), Script([Self.paid])) == .done)
        let observed = Script([.observation(.sample(.accepted))])
        #expect(await workshop.process(try workshop.message(Workshop.command(.callback)), observed) == .done)
        #expect(await workshop.process(try workshop.message(Self.untold(command)), Script([])) == .done)
        #expect(try Self.notifications(workshop).count == 1)
    }

    @Test func whoeverRepeatsAPaymentAndIsToldNothingIsToldByTheMerchantsNotification() async throws {
        let workshop = Workshop()
        let (first, second) = (Workshop.command(.pay), Workshop.command(.pay))
        for command in [first, second] {
            #expect(await workshop.process(try workshop.message(command), Script([Self.paid])) == .done)
        }
        #expect(await workshop.process(try workshop.message(Self.untold(second)), Script([])) == .done)
        #expect(try Self.notifications(workshop).count == 1)
    }

    @Test func anEarlierAttemptIsNotToldAsTheLastOne() async throws {
        let workshop = Workshop()
        let (first, second) = (Workshop.command(.pay), Workshop.command(.pay))
        let script = Script([.answer(.sample(.ko, paymentID: nil)), Self.paid])
        for command in [first, second] {
            #expect(await workshop.process(try workshop.message(command), script) == .done)
        }
        #expect(await workshop.process(try workshop.message(Self.untold(first)), Script([])) == .done)
        #expect(try Self.notifications(workshop).isEmpty)
        #expect(try await workshop.payment()?.attempts.map(\.effect.isUntold) == [nil, nil])
    }

    @Test func nobodyIsToldOfWhatIsNotKnownHere() async throws {
        let workshop = Workshop()
        let refund = Workshop.command(.refund)
        #expect(await workshop.process(try workshop.message(refund), Script([Self.paid])) == .done)
        for command in [refund, Workshop.command(.pay, shopTransactionID: "order-2")] {
            #expect(await workshop.process(try workshop.message(Self.untold(command)), Script([])) == .done)
        }
        #expect(try Self.notifications(workshop).isEmpty)
    }

    @Test func aReplyThatCannotBeStoredIsToldTheMerchant() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let lost = KafkaSendError(code: .notPersisted, mayBeStored: false)
        workshop.sender.fail(workshop.codec.topics.replies, with: Array(repeating: lost, count: 1000))
        #expect(await workshop.process(try workshop.message(command), Script([Self.paid])) == .done)
        #expect(try workshop.replies().isEmpty)
        #expect(try workshop.results().map(\.outcome) == ["OK", "OK"])
        #expect(try Self.notifications(workshop).count == 1)
        #expect(workshop.journal.openCount == 0)
    }

    @Test func anAnswerThatTheJournalCannotHoldIsToldByWhoeverSettlesIt() async throws {
        let workshop = Workshop()
        await workshop.ready()
        let command = Workshop.command(.pay)
        let tooLarge = KafkaSendError(code: .messageTooLarge, mayBeStored: false)
        let script = Script([.run { workshop.sender.fail(workshop.journalTopic, with: [tooLarge]) }, Self.paid])
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(try workshop.replies().map(\.statusCode) == [504])
        #expect(await workshop.clearUp(Self.key, of: command, Script([Self.paid])) == .done)
        #expect(try Self.notifications(workshop).count == 1)
    }
}
