import Testing

@testable import Ingress

struct ConnectionProgressTests {
    private static let refusal = RequestRefusal.malformed(field: "method", issue: "is none that HTTP has")

    /// A connection whose first request was read and answered.
    private static func afterOneRequest() -> ConnectionProgress {
        var progress = ConnectionProgress()
        _ = progress.opened() + progress.headRead() + progress.endRead()
        progress.answerBegun(isLast: false)
        _ = progress.answerEnded()
        return progress
    }

    @Test func theDeadlineRunsFromTheOpeningAndAgainFromEachHead() {
        var progress = ConnectionProgress()
        #expect(progress.opened() == [.startTimer])
        #expect(progress.bytesArrived(areEmptyLines: false) == [])
        #expect(progress.headRead() == [.stopTimer, .startTimer])
        #expect(progress.bytesArrived(areEmptyLines: false) == [])
        #expect(progress.endRead() == [.stopTimer])
    }

    @Test func theFirstByteOfTheNextHeadStartsTheDeadlineAndEmptyLinesDoNot() {
        var progress = Self.afterOneRequest()
        #expect(progress.bytesArrived(areEmptyLines: true) == [])
        #expect(progress.bytesArrived(areEmptyLines: false) == [.startTimer])
        #expect(progress.bytesArrived(areEmptyLines: false) == [])
        #expect(progress.givenUp(.timeout) == [.stopTimer, .refuse(.timeout), .linger])
        #expect(progress.isDeaf && progress.isOver)
    }

    @Test func aRefusalWaitsForTheAnswersBeforeIt() {
        var progress = ConnectionProgress()
        _ = progress.opened() + progress.headRead() + progress.endRead() + progress.headRead() + progress.endRead()
        #expect(progress.givenUp(Self.refusal) == [])
        #expect(progress.isDeaf && !progress.isOver)
        progress.answerBegun(isLast: false)
        #expect(progress.answerEnded() == [])
        progress.answerBegun(isLast: false)
        #expect(progress.answerEnded() == [.refuse(Self.refusal), .linger])
        #expect(progress.givenUp(.timeout) == [], "one refusal is enough")
    }

    @Test func aRequestThatWasAnsweredBeforeItsEndGetsNoSecondAnswer() {
        var progress = ConnectionProgress()
        _ = progress.opened() + progress.headRead()
        progress.answerBegun(isLast: false)
        #expect(progress.answerEnded() == [])
        #expect(progress.givenUp(.timeout) == [.stopTimer, .close])
    }

    @Test func anAnswerThatIsBeingWrittenIsNotInterrupted() {
        var progress = ConnectionProgress()
        _ = progress.opened() + progress.headRead()
        progress.answerBegun(isLast: false)
        #expect(progress.givenUp(Self.refusal) == [.stopTimer])
        #expect(progress.answerEnded() == [.close])
    }

    @Test func nothingIsHeardAfterTheLastAnswer() {
        var progress = ConnectionProgress()
        _ = progress.opened() + progress.headRead()
        progress.answerBegun(isLast: true)
        #expect(!progress.isDeaf)
        #expect(progress.answerEnded() == [.stopTimer, .linger])
        #expect(progress.isDeaf && progress.isOver)
    }

    @Test func theEndOfAConnectionFailsABodyThatIsNotComplete() {
        var complete = Self.afterOneRequest()
        #expect(complete.closed() == [])
        var incomplete = Self.afterOneRequest()
        _ = incomplete.headRead()
        #expect(incomplete.closed() == [.stopTimer, .failBody])
        #expect(incomplete.closed() == [], "told once")
    }
}
