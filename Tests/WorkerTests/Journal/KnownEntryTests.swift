import Shared
import Testing

@testable import Worker

/// What a late answer of a former owner does to an entry.
struct KnownEntryTests {
    private static let first = Workshop.command(.pay)
    private static let second = Workshop.command(.pay)
    private static let paid = RecordedAnswer.sample("OK")

    private static func payment(
        _ attempts: [(command: Command, answer: RecordedAnswer?)], _ mark: JournalMark = .attempted()
    ) -> KnownEntry {
        KnownEntry(
            .payment("order-1"), .payment(.sample(attempts)), mark: mark, position: 9, hasLate: true, isAgeing: false)
    }

    private static func effect(_ answer: RecordedAnswer?) -> KnownEntry {
        KnownEntry(
            .command(first.id), .effect(.sample(first, answer)), mark: .attempted(), position: 9, hasLate: true,
            isAgeing: false)
    }

    @Test func theAnswerToTheAttemptThatIsWaitedForSettlesIt() {
        var known = Self.payment([(Self.first, nil)])
        let late = KnownEntry.Content.payment(.sample([(Self.first, Self.paid)], final: .accepted))
        #expect(known.take(late, attemptID: "a", isBefore: false) == .settled)
        #expect(known.entry?.effect.answer == Self.paid)
        #expect(known.entry?.effect.request == nil)
        #expect(known.payment?.last?.final == .accepted)
        #expect(known.mark.stage == .settled)
        #expect(known.mark.attemptID == "a")
        #expect(known.owes)
        // A second one says the same.
        #expect(known.take(late, attemptID: "b", isBefore: false) == .known)
    }

    @Test func soDoesTheAnswerToAnotherEffect() {
        var known = Self.effect(nil)
        #expect(known.take(.effect(.sample(Self.first, Self.paid)), attemptID: "a", isBefore: true) == .settled)
        #expect(known.entry?.effect.answer == Self.paid)
        #expect(known.owes)
    }

    @Test func whatTheStateKnowsAboutTheEffectIsKept() {
        var untold = EffectState.sample(Self.first)
        untold.isUntold = true
        var known = Self.effect(nil)
        known = KnownEntry(
            known.key, .effect(untold), mark: .attempted(), position: 9, hasLate: true, isAgeing: false)
        #expect(known.take(.effect(.sample(Self.first, Self.paid)), attemptID: "a", isBefore: true) == .settled)
        #expect(known.entry?.effect.isUntold == true)
    }

    @Test func anAttemptThatTheStateDoesNotKnowAndThatStandsBeforeItTakesItsPlace() {
        var known = Self.payment([(Self.second, nil)])
        let late = KnownEntry.Content.payment(.sample([(Self.first, Self.paid)], final: .accepted))
        #expect(known.take(late, attemptID: "a", isBefore: true) == .settled)
        #expect(known.effects.map(\.commandID) == [Self.first.id])
        #expect(known.owes)
    }

    @Test func oneThatStandsBehindItContradicts() {
        var known = Self.payment([(Self.second, nil)])
        let late = KnownEntry.Content.payment(.sample([(Self.first, Self.paid)], final: .accepted))
        #expect(known.take(late, attemptID: "a", isBefore: false) == .contradicted)
        #expect(known.effects.map(\.commandID) == [Self.second.id])
        #expect(known.entry?.effect.answer == nil)
        #expect(known.mark == .attempted())
    }

    @Test func aPaymentThatWasOnlyObservedTakesAnyAttempt() {
        var known = Self.payment([], JournalMark())
        let late = KnownEntry.Content.payment(.sample([(Self.first, Self.paid)]))
        #expect(known.take(late, attemptID: "a", isBefore: false) == .settled)
        #expect(known.effects.count == 1)
    }

    @Test(arguments: ["KO", "OK"])
    func anotherAnswerThanTheRecordedOneChangesNothing(label: String) {
        var known = Self.payment([(Self.first, .sample("OK", paymentID: "pay-1"))], .settled())
        let late = RecordedAnswer.sample(label, paymentID: "pay-2")
        #expect(known.take(.payment(.sample([(Self.first, late)])), attemptID: "a", isBefore: true) == .contradicted)
        #expect(known.entry?.effect.answer?.found.paymentID == "pay-1")
        #expect(!known.owes)
    }

    @Test func anAnswerThatNamesNoPaymentSaysTheSame() {
        var known = Self.payment([(Self.first, .sample("OK", paymentID: "pay-1"))], .settled())
        let late = RecordedAnswer.sample("OK", paymentID: nil)
        #expect(known.take(.payment(.sample([(Self.first, late)])), attemptID: "a", isBefore: true) == .known)
    }

    @Test func anEarlierAttemptsAnswerIsComparedWithThatAttempts() {
        let refused = RecordedAnswer.sample("KO", paymentID: "pay-1")
        var known = Self.payment([(Self.first, refused), (Self.second, nil)])
        #expect(known.take(.payment(.sample([(Self.first, refused)])), attemptID: "a", isBefore: true) == .known)
        #expect(
            known.take(.payment(.sample([(Self.first, Self.paid)])), attemptID: "a", isBefore: true) == .contradicted)
        #expect(known.entry?.effect.answer == nil)
    }

    @Test func whatHasNoAnswerSaysNothing() {
        var known = Self.payment([(Self.first, nil)])
        #expect(known.take(.payment(.sample([(Self.second, nil)])), attemptID: "a", isBefore: true) == .known)
        #expect(known.take(.payment(.sample([])), attemptID: "a", isBefore: true) == .known)
        #expect(known.effects.map(\.commandID) == [Self.first.id])
    }

    @Test func onlyWhatIsSettledAndOpenIsOwed() {
        #expect(!Self.payment([(Self.first, nil)]).owes)
        #expect(!Self.payment([(Self.first, Self.paid)], .settled()).owes)
        #expect(Self.payment([(Self.first, Self.paid)], .settled(isOpen: true)).owes)
        #expect(Self.payment([]).entry == nil)
    }
}
