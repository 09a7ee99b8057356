import Providers
import Shared
import Testing

@testable import Worker

/// Flows of several requests note what they have reached.
struct ProgressTests {
    private static let paid = Script.Step.answer(.sample(.ok))
    private static let created: JSONValue = ["id": "intent-1"]
    private static let key = JournalKey.payment("order-1")

    @Test func whatIsNotedIsInTheJournalBeforeTheFlowGoesOn() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.pay))
        let wentOn = Seen<Bool>()
        let script = Script([
            .run { workshop.sender.withhold() }, .note(Self.created), .run { wentOn.set(true) }, Self.paid,
        ])
        let task = Task { await workshop.process(message, script) }
        await eventually("the note is stored") { workshop.count(.attempted, of: Self.key) == 2 }
        #expect(wentOn.value == nil)
        workshop.sender.release()
        #expect(await task.value == .done)
        #expect(wentOn.value == true)
        let records = try workshop.records(of: Self.key)
        #expect(records.map(\.mark.stage) == [.attempted, .attempted, .settled])
        #expect(Set(records.map(\.mark.attemptID)).count == 1)
    }

    @Test func whoLosesThePartitionAtANoteSendsNothingMore() async throws {
        let workshop = Workshop()
        let message = try workshop.message(Workshop.command(.pay))
        await workshop.owned(message.partition)
        let wentOn = Seen<Bool>()
        let script = Script([
            .run { workshop.takeOver(message.partition, epoch: 7) }, .note(Self.created),
            .run { wentOn.set(true) }, Self.paid,
        ])
        let processor = workshop.processor(script)
        #expect(await processor.process(.record(message), message.topicPartition) == .again)
        #expect(wentOn.value == nil)
        // What it did before it wanted to note something is the new owner's to find out.
        #expect(try workshop.replies().isEmpty)
        #expect(try await workshop.payment()?.last?.effect.answer == nil)
    }

    @Test func theNextTryOfThisProcessGetsWhatWasNoted() async throws {
        let workshop = Workshop()
        let script = Script([
            .note(Self.created), .failure(.sample(.unreachable, mayHaveHadEffect: false)), Self.paid,
        ])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(script.calls.map(\.progress) == [nil, Self.created])
    }

    @Test func anUnknownOutcomeKeepsWhatWasNoted() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let lost = ProviderFailure.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false)
        let script = Script([.note(Self.created), .failure(lost)])
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(try await workshop.payment()?.last?.effect.progress == Self.created)
        #expect(script.calls.dropFirst().allSatisfy { $0.progress == Self.created })
        let next = Script([Self.paid])
        #expect(await workshop.clearUp(Self.key, of: command, next) == .done)
        #expect(next.calls.map(\.progress) == [Self.created])
        #expect(try await workshop.payment()?.last?.effect.progress == nil)
    }

    @Test func whatARepeatNotesIsKeptAsWell() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let lost = ProviderFailure.sample(.noAnswer, mayHaveHadEffect: true, isTransient: false)
        #expect(await workshop.process(try workshop.message(command), Script([.failure(lost)])) == .done)
        let second = Script([.note(Self.created), .failure(lost)])
        #expect(await workshop.clearUp(Self.key, of: command, second) == .done)
        #expect(try await workshop.payment()?.last?.effect.progress == Self.created)
    }

    @Test func aSuccessorGetsWhatWasNoted() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.pay)
        let message = try workshop.message(command)
        let gate = Gate()
        let script = Script([.note(Self.created), .run { await gate.wait() }, Self.paid])
        let task = Task { await workshop.process(message, script) }
        await eventually("the note is stored") { workshop.count(.attempted, of: Self.key) == 2 }
        let successor = workshop.successor()
        await successor.owned(message.partition)
        let next = Script([Self.paid])
        #expect(await successor.process(message, next) == .done)
        #expect(next.calls.map(\.progress) == [Self.created])
        gate.open()
        _ = await task.value
        #expect(try workshop.records(of: Self.key).map(\.key.writer.epoch).contains(2))
    }
}
