import Shared
import Testing

struct JournalMarkTests {
    private static let marks: [(JournalMark, String)] = {
        var ended = JournalMark(epoch: 9)
        ended.repeats = 41
        return [
            (JournalMark(epoch: 1), "e=1;s=-"),
            (
                JournalMark(epoch: 12, stage: .attempted, attemptID: "01J.12.w.3", group: "5f3a", isOpen: true),
                "e=12;s=a;a=01J.12.w.3;g=5f3a;o=1"
            ),
            (JournalMark(epoch: 3, stage: .unknown, attemptID: "a", isOpen: true), "e=3;s=u;a=a;o=1"),
            (
                JournalMark(epoch: 3, stage: .settled, attemptID: "a", expiresAtMilliseconds: 1_767_225_600_000),
                "e=3;s=s;a=a;x=1767225600000"
            ),
            (ended, "e=9;s=-;r=41"),
        ]
    }()

    @Test(arguments: marks.indices)
    func aMarkIsWrittenAndReadBack(row: Int) {
        let (mark, text) = Self.marks[row]
        #expect(mark.text == text)
        #expect(JournalMark(text) == mark)
    }

    @Test(arguments: [
        "", "s=a", "e=", "e=x", "e=0", "e=-1", "e=9223372036854775807", "e=9223372036854775808", "e=1;s=z", "e=1;s=",
        "e=1;x=soon", "e=1;x=", "e=1;r=1.5", "e=1;open", "e", "e=1 ;s=a",
    ])
    func anIllFormedTextIsNoMark(text: String) {
        #expect(JournalMark(text) == nil)
    }

    @Test func whatALaterVersionAddsIsIgnored() {
        #expect(JournalMark("e=2;s=s;n=new;a=x") == JournalMark(epoch: 2, stage: .settled, attemptID: "x"))
    }

    @Test func onlyAttemptedAndUnknownEffectsAreUnsettled() {
        #expect(JournalMark.Stage.attempted.isUnsettled)
        #expect(JournalMark.Stage.unknown.isUnsettled)
        #expect(!JournalMark.Stage.settled.isUnsettled)
        #expect(!JournalMark.Stage.none.isUnsettled)
    }

    @Test func keysAreReadBackAndNothingElseIsAKey() throws {
        let id = CommandID.make(atUnixMilliseconds: 1)
        let keys: [JournalKey] = [.owner, .payment("a:b"), .command(id), .claim("c"), .followUp("capture", of: "p")]
        for key in keys { #expect(JournalKey(key.text) == key) }
        for text in ["", "p", "p:", "q:a", "oo", "k:", "P:a"] { #expect(JournalKey(text) == nil, "\(text)") }
        #expect(Set(keys.map(\.text)) == ["o", "p:a:b", "c:\(id)", "k:c", "x:capture:p"])
    }
}
