import Providers
import Shared
import Testing

@testable import Worker

/// An effect is in the journal before its call, and its answer before anybody hears of it.
struct EffectJournalTests {
    private static let paid = Script.Step.answer(.sample(.ok))

    @Test func nothingIsCalledBeforeTheAttemptIsProven() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let message = try workshop.message(command)
        await workshop.owned(message.partition)
        workshop.sender.withhold()
        let script = Script([Self.paid])
        let task = Task { await workshop.process(message, script) }
        await eventually("the attempt is stored") {
            workshop.count(.attempted, of: .payment("order-1")) == 1
        }
        #expect(script.calls.isEmpty)
        workshop.sender.release()
        #expect(await task.value == .done)
        #expect(script.calls.count == 1)
        #expect(try workshop.stages(of: .payment("order-1")) == [.attempted, .settled])
    }

    @Test func nothingIsPublishedBeforeTheAnswerIsProven() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.refund))
        let script = Script([.run { workshop.sender.withhold() }, Self.paid])
        let task = Task { await workshop.process(message, script) }
        await eventually("the call") { script.calls.count == 1 }
        await eventually("the answer is stored") {
            workshop.sender.stored(in: workshop.journalTopic).contains {
                (try? workshop.codec.journalRecord(from: $0))?.mark.stage == .settled
            }
        }
        #expect(workshop.sender.storedCount == 0)
        workshop.sender.release()
        #expect(await task.value == .done)
        #expect(try workshop.results().map(\.outcome) == ["OK"])
    }

    @Test func theEntryHoldsWhatIsNeededToRepeatTheCallAndForgetsItWhenItIsSettled() async throws {
        let workshop = Workshop()
        let command = Workshop.with(["token": "secret"], Workshop.command(.refund))
        let key = JournalKey.command(command.id)
        let seen = Seen<EffectState>()
        let script = Script([
            .run { seen.set(try? await workshop.effect(key, of: command)?.content) }, Self.paid,
        ])
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        let attempted = try #require(seen.value)
        #expect(attempted.request == ["token": "secret"])
        #expect(attempted.providerKey == "refund-\(command.id)")
        #expect(attempted.durationMilliseconds == 22_000)
        #expect(attempted.deadlineMilliseconds == command.deadlineMilliseconds)
        let (settled, mark) = try #require(try await workshop.effect(key, of: command))
        #expect(settled.request == nil)
        #expect(settled.answer?.label == "OK")
        #expect(mark.stage == .settled)
        #expect(!mark.isOpen)
        #expect(mark.isFact)
        for record in workshop.sender.stored(in: workshop.journalTopic) {
            #expect(!String(decoding: record.value ?? [], as: UTF8.self).contains("secret"))
        }
    }

    @Test(arguments: [Shared.Operation.pay, .refund])
    func aRedeliveredCommandIsAnsweredFromTheJournalAndCallsNobody(operation: Shared.Operation) async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(operation))
        #expect(await workshop.process(message, Script([Self.paid])) == .done)
        let untouched = Script([])
        #expect(await workshop.process(message, untouched) == .done)
        // A successor knows it as well.
        let successor = workshop.successor()
        #expect(await successor.process(message, untouched) == .done)
        #expect(untouched.calls.isEmpty)
        let replies = try workshop.replies()
        #expect(replies.map(\.statusCode) == [200, 200, 200])
        #expect(replies.map(\.isReplayed) == [false, false, false])
        #expect(Set(replies.map(\.body)).count == 1)
        #expect(try workshop.results().map(\.outcome) == ["OK", "OK", "OK"])
    }

    @Test(arguments: [Shared.Operation.pay, .refund])
    func aCommandThatCameTooLateNeverRunsUnderAnotherClockEither(operation: Shared.Operation) async throws {
        let workshop = Workshop()
        var command = Workshop.command(operation)
        command.deadlineMilliseconds = Workshop.now - 1
        let message = try workshop.message(command)
        let script = Script([Self.paid])
        #expect(await workshop.process(message, script) == .done)
        workshop.time.shiftClock(by: .seconds(-3600))
        #expect(await workshop.process(message, script) == .done)
        #expect(script.calls.isEmpty)
        #expect(try workshop.results().map(\.outcome) == ["EXPIRED", "EXPIRED"])
        let key: JournalKey = operation == .pay ? .payment("order-1") : .command(command.id)
        #expect(try workshop.stages(of: key) == [.settled])
    }

    @Test func aPaymentWhoseFirstAttemptCameTooLateMayBeTriedAgain() async throws {
        let workshop = Workshop()
        var late = Workshop.command(.pay)
        late.deadlineMilliseconds = Workshop.now - 1
        #expect(await workshop.process(try workshop.message(late), Script([])) == .done)
        let script = Script([Self.paid])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(script.calls.count == 1)
        #expect(try workshop.replies().map(\.isReplayed) == [false])
    }

    @Test func whereTheJournalIsAnothersNothingIsBegun() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.pay))
        await workshop.owned(message.partition)
        workshop.takeOver(message.partition, epoch: 7)
        let script = Script([Self.paid])
        let processor = workshop.processor(script)
        #expect(await processor.process(.record(message), message.topicPartition) == .again)
        #expect(script.calls.isEmpty)
        #expect(workshop.sender.attempts == 0)
        #expect(workshop.journal.epoch(of: message.partition) == nil)
        // When the partition has come back, the command runs.
        await workshop.pass("the partition is owned again") { workshop.journal.epoch(of: message.partition) == 8 }
        #expect(await workshop.process(message, script) == .done)
        #expect(script.calls.count == 1)
        #expect(try workshop.records(of: .payment("order-1")).last?.key.writer.epoch == 8)
    }

    @Test func whoLosesThePartitionBeforeTheAttemptIsProvenDoesNotCall() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.pay))
        await workshop.owned(message.partition)
        workshop.sender.withhold()
        // It stands before the attempt, and nobody has read it yet.
        workshop.takeOver(message.partition, epoch: 7)
        let script = Script([Self.paid])
        let processor = workshop.processor(script)
        let task = Task { await processor.process(.record(message), message.topicPartition) }
        await eventually("the attempt is stored") {
            workshop.count(.attempted, of: .payment("order-1")) == 1
        }
        workshop.sender.release()
        #expect(await task.value == .again)
        #expect(script.calls.isEmpty)
    }

    @Test func aLateAnswerOfAFormerOwnerIsPublishedByItsSuccessor() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let message = try workshop.message(command)
        let gate = Gate()
        let script = Script([.run { await gate.wait() }, Self.paid])
        let task = Task { await workshop.process(message, script) }
        await eventually("the call") { script.calls.count == 1 }
        let successor = workshop.successor()
        await successor.owned(message.partition)
        gate.open()
        #expect(await task.value == .again)
        #expect(workshop.sender.storedCount == 0)
        successor.log.askEnds()
        let untouched = Script([])
        #expect(await successor.process(message, untouched) == .done)
        #expect(untouched.calls.isEmpty)
        #expect(try workshop.replies().map(\.statusCode) == [200])
        #expect(try workshop.records(of: .payment("order-1")).map(\.key.writer.epoch) == [1, 1])
        // It is written again by the owner, once.
        #expect(successor.journal.openCount == 1)
        for _ in 0..<2 { #expect(await successor.clearUp(.payment("order-1"), of: command, untouched) == .done) }
        #expect(successor.journal.openCount == 0)
        #expect(try workshop.records(of: .payment("order-1")).map(\.key.writer.epoch) == [1, 1, 2])
        #expect(try await successor.payment()?.last?.effect.answer?.label == "OK")
    }

    @Test func anAnswerTooLargeForTheJournalIsNeverAnsweredAsNotDone() async throws {
        let workshop = Workshop()
        await workshop.ready()
        let command = Workshop.command(.refund)
        let tooLarge = KafkaSendError(code: .messageTooLarge, mayBeStored: false)
        let script = Script([
            .run { workshop.sender.fail(workshop.journalTopic, with: [tooLarge]) }, Self.paid,
        ])
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        let error = try Workshop.error(try workshop.replies().first)
        #expect(error.code == .outcomeUnknown)
        #expect(error.commandID == command.id)
        #expect(try await workshop.effect(.command(command.id), of: command)?.mark.stage == .attempted)
    }

    @Test func aRequestTooLargeForTheJournalIsRefusedAndNotCalled() async throws {
        let workshop = Workshop()
        await workshop.ready()
        let message = try workshop.message(Workshop.command(.refund))
        workshop.sender.fail(
            workshop.journalTopic, with: [KafkaSendError(code: .messageTooLarge, mayBeStored: false)])
        let script = Script([Self.paid])
        #expect(await workshop.process(message, script) == .done)
        #expect(script.calls.isEmpty)
        #expect(try Workshop.error(try workshop.replies().first).code == .internalError)
    }

    @Test func anEntryThatNobodyHereCanOpenStopsThePartition() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.pay))
        await workshop.owned(message.partition)
        let stranger = Workshop()
        let record = try stranger.record(
            .payment("order-1"), epoch: 1, JournalMark(), PaymentRecord(shopTransactionID: "order-1"))
        workshop.store(record, in: message.partition)
        workshop.log.askEnds()
        let script = Script([Self.paid])
        #expect(await workshop.process(message, script) == .stopPartition)
        #expect(script.calls.isEmpty)
    }
}
