import Providers
import Shared
import Testing

@testable import Worker

/// Ways of clearing up besides those of ``UnknownOutcomeTests``.
struct RecoveryTests {
    private static let paid = Script.Step.answer(.sample(.ok))

    @Test func theEntryIsLookedAtAgainAfterTheWait() async throws {
        let workshop = Workshop()
        let command = Workshop.command(.refund)
        let message = try workshop.message(command)
        let gate = Gate()
        let abandoned = Script([.run { await gate.wait() }, Self.paid])
        let task = Task { await workshop.process(message, abandoned) }
        await eventually("the call") { abandoned.calls.count == 1 }
        let successor = workshop.successor()
        await successor.owned(message.partition)
        successor.time.advance(by: .seconds(6))
        // While the successor waits until it may ask, the answer is recorded after all.
        let timing = Timing(
            now: { successor.time.now },
            pause: { time in
                successor.time.advance(by: time)
                gate.open()
                _ = await task.value
                successor.log.askEnds()
                return true
            }, sleep: { _ in true })
        let script = Script([], lookUps: [.answer(.sample(.ko))])
        let key = JournalKey.command(command.id)
        #expect(await successor.clearUp(key, of: command, script, timing: timing) == .done)
        #expect(script.calls(.lookUp).isEmpty)
        // The command comes again, since its first worker did not get to the end of it.
        #expect(await successor.process(message, Script([])) == .done)
        #expect(try successor.results().map(\.outcome) == ["OK"])
    }

    // MARK: - Providers that give the same error under a key for as long as it lives

    private static let error = Script.Step.failure(.sample(.providerError, mayHaveHadEffect: true, isTransient: false))

    @Test func aProviderThatKeepsItsErrorsIsAskedAtOnce() async throws {
        let workshop = Workshop()
        let script = Script([Self.error], lookUps: [.answer(.sample(.ok))], keepsErrors: true)
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(script.calls.count == 2)
        #expect(script.calls(.lookUp).count == 1)
        #expect(workshop.time.now < .seconds(1))
        #expect(try workshop.replies().map(\.statusCode) == [200])
    }

    @Test func aProviderThatDoesNotKeepThemIsCalledAgainInstead() async throws {
        let workshop = Workshop()
        let script = Script([Self.error, Self.error, Self.paid], lookUps: [.answer(.sample(.ko))])
        #expect(await workshop.process(try workshop.message(Workshop.command(.pay)), script) == .done)
        #expect(script.calls.count == 3)
        #expect(script.calls(.lookUp).isEmpty)
        #expect(try workshop.replies().map(\.statusCode) == [200])
    }

    @Test func whatItDoesNotKnowAtOnceStaysUnknown() async throws {
        let workshop = Workshop()
        let script = Script([Self.error], lookUps: [.nothing], keepsErrors: true)
        let command = Workshop.command(.pay)
        #expect(await workshop.process(try workshop.message(command), script) == .done)
        #expect(!script.calls(.lookUp).isEmpty)
        #expect(try await workshop.payment()?.last?.effect.answer == nil)
        #expect(workshop.journal.openCount == 1)
    }
}
