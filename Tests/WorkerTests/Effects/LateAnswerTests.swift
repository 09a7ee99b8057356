import Providers
import Shared
import Testing

@testable import Worker

/// Answers that their process recorded after it had lost the partition.
struct LateAnswerTests {
    private static let paid = Script.Step.answer(.sample(.ok))
    private static let key = JournalKey.payment("order-1")

    /// A process that stands still in its call while another one takes over.
    private struct Overtaken {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let gate = Gate()

        func begin(_ step: Script.Step = paid) async throws -> (task: Task<RecordDisposition, Never>, next: Workshop) {
            let script = Script([.run { await gate.wait() }, step])
            let message = try workshop.message(command)
            let task = Task { await workshop.process(message, script) }
            await eventually("the call") { script.calls.count == 1 }
            let successor = workshop.successor()
            await successor.owned(message.partition)
            return (task, successor)
        }

        /// The answer comes and is recorded, too late.
        func end(_ task: Task<RecordDisposition, Never>) async {
            gate.open()
            #expect(await task.value == .again)
        }

        func again(_ workshop: Workshop, _ script: Script) async throws -> RecordDisposition {
            var again = Workshop.command(.pay)
            again.deadlineMilliseconds = workshop.clock.unixMilliseconds + 20_000
            return await workshop.process(try workshop.message(again), script)
        }
    }

    @Test func whereCompactionLeavesTheLateAnswerAloneTheRepeatedPaymentGetsIt() async throws {
        let overtaken = Overtaken()
        let (task, second) = try await overtaken.begin()
        await overtaken.end(task)
        let sender = overtaken.workshop.sender
        sender.compact(overtaken.workshop.journalTopic)
        let partition = KafkaPartition(
            topic: overtaken.workshop.journalTopic, partition: Workshop.partition(of: overtaken.command.lane))
        let left = try #require(sender.log(of: partition)).records
        #expect(left.map(\.isOfOwner) == [true, true, false])
        // A process takes over that has nothing in memory.
        let third = second.successor()
        let untouched = Script([])
        #expect(try await overtaken.again(third, untouched) == .done)
        #expect(untouched.calls.isEmpty)
        let reply = try #require(try third.replies().last)
        #expect(reply.statusCode == 200)
        #expect(reply.isReplayed)
        #expect(try JSONCoding.decode(PaymentReply.self, from: reply.body).paymentID == "pay-9")
    }

    @Test func anAnswerThatComesBetweenTheDecisionAndTheAttemptKeepsTheCallFromBeingMade() async throws {
        let overtaken = Overtaken()
        let (task, successor) = try await overtaken.begin()
        let late = try overtaken.workshop.record(
            Self.key, epoch: 1,
            JournalMark(stage: .settled, attemptID: "a", isFact: true, known: 1),
            PaymentRecord.sample([(overtaken.command, .sample("OK"))], final: .accepted))
        successor.sender.beforeNext(successor.journalTopic) { record in
            successor.store(late, in: record.partition)
        }
        let untouched = Script([])
        #expect(try await overtaken.again(successor, untouched) == .done)
        #expect(untouched.calls.isEmpty)
        #expect(try successor.replies().last?.statusCode == 200)
        #expect(try await successor.payment()?.attempts.map(\.effect.commandID) == [overtaken.command.id])
        await overtaken.end(task)
    }

    @Test func theAnswerToWhatTheSuccessorDidNotKnowIsTakenInPlaceOfItsOwnAttempt() async throws {
        // The first attempt was in no record that the successor had read when it began its own.
        let successor = Workshop(isAssigned: false)
        let command = Workshop.command(.pay)
        let partition = Workshop.partition(of: command.lane)
        successor.takeOver(partition, epoch: 4)
        successor.journal.assigned([partition])
        await successor.owned(partition)
        let earlier = Workshop.command(.pay)
        let late = try successor.record(
            Self.key, epoch: 4, JournalMark(stage: .settled, attemptID: "a", isFact: true),
            PaymentRecord.sample([(earlier, .sample("OK"))], final: .accepted))
        successor.sender.beforeNext(successor.journalTopic) { successor.store(late, in: $0.partition) }
        let untouched = Script([])
        #expect(await successor.process(try successor.message(command), untouched) == .done)
        #expect(untouched.calls.isEmpty)
        #expect(try successor.replies().map(\.statusCode) == [200])
        #expect(try successor.replies().map(\.isReplayed) == [true])
        #expect(try await successor.payment()?.attempts.map(\.effect.commandID) == [earlier.id])
    }

    @Test func anAnswerThatContradictsWhatWasRecordedMeanwhileChangesNothing() async throws {
        let overtaken = Overtaken()
        let (task, successor) = try await overtaken.begin(.answer(.sample(.ko)))
        // The successor makes the call again, and is told something else.
        #expect(await successor.clearUp(Self.key, of: overtaken.command, Script([Self.paid])) == .done)
        await overtaken.end(task)
        successor.log.askEnds()
        #expect(successor.journal.openCount == 1)
        #expect(await successor.clearUp(Self.key, of: overtaken.command, Script([])) == .done)
        #expect(successor.journal.openCount == 0)
        #expect(try await successor.payment()?.last?.effect.answer?.label == "OK")
    }

    @Test func aProducerThatFailsWhileAnEffectIsUnderWayLosesNoAnswer() async throws {
        let watcher = JournalWatcher()
        let workshop = Workshop(watcher: watcher)
        let command = Workshop.command(.pay)
        let message = try workshop.message(command)
        let script = Script([
            .run {
                workshop.sender.replaceProducer { workshop.journal.producerFailed() }
                await workshop.pass("it is owned again") { workshop.journal.epoch(of: message.partition) == 2 }
            }, Self.paid,
        ])
        #expect(await workshop.process(message, script) == .done)
        #expect(script.calls.count == 1)
        #expect(watcher.has(.held(message.partition)))
        #expect(workshop.journal.epoch(of: message.partition) == 2)
        let writers = try workshop.records(of: Self.key).map(\.key.writer)
        #expect(
            writers.prefix(2) == [
                JournalWriter(epoch: 1, generation: 0), JournalWriter(epoch: 1, generation: 1),
            ])
        #expect(try workshop.replies().map(\.statusCode) == [200])
    }

    @Test func aRecordWhoseAcknowledgementIsLostIsWrittenAgainAndTheCallMadeOnce() async throws {
        let workshop = Workshop()
        await workshop.ready()
        workshop.sender.loseAcknowledgement(of: workshop.journalTopic)
        let script = Script([Self.paid])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(script.calls.count == 1)
        #expect(try workshop.stages(of: Self.key) == [.attempted, .attempted, .settled])
    }
}
