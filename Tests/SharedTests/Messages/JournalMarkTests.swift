import Shared
import Testing

struct JournalMarkTests {
    private static let claims = [JournalClaim(bits: 0xAB), JournalClaim(bits: .max)]
    private static let marks: [(JournalMark, String)] = [
        (JournalMark(), "s=-"),
        (
            JournalMark(stage: .attempted, attemptID: "01J.12.w.3", group: "5f3a", isOpen: true, known: 120),
            "s=a;a=01J.12.w.3;g=5f3a;o=1;k=120"
        ),
        (JournalMark(stage: .unknown, attemptID: "a", isOpen: true), "s=u;a=a;o=1"),
        (
            JournalMark(stage: .settled, attemptID: "a", isFact: true, sealingKeyID: "2026a", claims: claims),
            "s=s;a=a;f=1;q=2026a;c=00000000000000ab,ffffffffffffffff"
        ),
        (JournalMark(known: 999_999_999_999_999_999), "s=-;k=999999999999999999"),
    ]

    @Test(arguments: marks.indices)
    func aMarkIsWrittenAndReadBack(row: Int) {
        let (mark, text) = Self.marks[row]
        #expect(mark.text == text)
        #expect(JournalMark(text) == mark)
    }

    @Test(arguments: [
        "s=z", "s=", "s=aa", "k=", "k=-1", "k=x", "k=1.5", "k=1 ", "k=1000000000000000000", "k=9223372036854775808",
        "s=a;open", "e", "c=1", "c=00000000000000AB", "c=00000000000000ab,1", "c=00000000000000abc",
    ])
    func anIllFormedTextIsNoMark(text: String) {
        #expect(JournalMark(text) == nil, "\(text)")
    }

    @Test func whatALaterVersionAddsIsIgnored() {
        #expect(JournalMark("s=s;n=new;new=1;a=x") == JournalMark(stage: .settled, attemptID: "x"))
        for text in ["", "=", ";;", "=x"] { #expect(JournalMark(text) == JournalMark()) }
    }

    @Test func aMarkHoldsSoManyKeysAndNoMore() {
        func text(_ count: Int) -> String {
            "c=" + Array(repeating: "00000000000000ab", count: count).joined(separator: ",")
        }
        #expect(JournalMark(text(JournalMark.claimsMax))?.claims.count == JournalMark.claimsMax)
        #expect(JournalMark(text(JournalMark.claimsMax + 1)) == nil)
    }

    @Test func onlyAttemptedAndUnknownEffectsAreUnsettled() {
        #expect(JournalMark.Stage.attempted.isUnsettled)
        #expect(JournalMark.Stage.unknown.isUnsettled)
        #expect(!JournalMark.Stage.settled.isUnsettled)
        #expect(!JournalMark.Stage.none.isUnsettled)
    }

    @Test func aCallersKeyIsKnownByTheBeginningOfItsHash() {
        let hash = String(repeating: "0f", count: 32)
        #expect(JournalClaim(keyHash: hash) == JournalClaim(bits: 0x0F0F_0F0F_0F0F_0F0F))
        for text in ["", "0f", String(hash.prefix(15)), String(repeating: "x", count: 64)] {
            #expect(JournalClaim(keyHash: text) == nil)
        }
    }
}
