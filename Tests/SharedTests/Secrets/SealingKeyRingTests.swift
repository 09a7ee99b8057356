import Foundation
import Shared
import Testing

@Suite struct SealingKeyRingTests {
    private let content = Array("card 4111 1111 1111 1111".utf8)

    private func key(_ id: String, _ byte: UInt8) throws -> SealingKeyRing.Key {
        try #require(SealingKeyRing.Key(id: id, bytes: Array(repeating: byte, count: 32)))
    }

    private func ring(_ keys: SealingKeyRing.Key...) throws -> SealingKeyRing {
        try #require(SealingKeyRing(keys: keys))
    }

    @Test func whatIsSealedOpensInItsPlaceAlone() throws {
        let ring = try ring(key("k1", 1))
        let sealed = try ring.seal(content, context: "command:1")
        #expect(try ring.open(sealed, context: "command:1") == content)
        #expect(throws: SealingError.damaged) { try ring.open(sealed, context: "command:2") }
        #expect(throws: SealingError.damaged) { try ring.open(sealed, context: "") }
        let other = try ring.seal(content, context: "command:1")
        #expect(other != sealed)
        #expect(!sealed.contains(Data(content).base64EncodedString().prefix(12)))
    }

    @Test func nothingAtAllCanBeSealed() throws {
        let ring = SealingKeyRing.random()
        #expect(try ring.open(try ring.seal([], context: "c"), context: "c") == [])
    }

    @Test func aNewKeyIsDistributedThenUsedThenTheOldOneGoes() throws {
        let (old, new) = (try key("old", 1), try key("new", 2))
        let before = try ring(old)
        let distributed = try ring(old, new)
        let switched = try ring(new, old)
        let after = try ring(new)
        let byOld = try distributed.seal(content, context: "c")
        let byNew = try switched.seal(content, context: "c")
        #expect(byOld.hasPrefix("old."))
        #expect(byNew.hasPrefix("new."))
        #expect(try before.open(byOld, context: "c") == content)
        #expect(try switched.open(byOld, context: "c") == content)
        #expect(try distributed.open(byNew, context: "c") == content)
        #expect(throws: SealingError.unknownKey) { try after.open(byOld, context: "c") }
        #expect(throws: SealingError.unknownKey) { try before.open(byNew, context: "c") }
    }

    @Test func anotherKeyOfTheSameNameDoesNotOpen() throws {
        let sealed = try ring(key("k", 1)).seal(content, context: "c")
        let other = try ring(key("k", 2))
        #expect(throws: SealingError.damaged) { try other.open(sealed, context: "c") }
    }

    @Test func everyChangedBitIsNoticed() throws {
        let ring = try ring(key("k1", 1))
        let sealed = try ring.seal(content, context: "c")
        let payload = String(sealed.dropFirst(3))
        let bytes = Array(try #require(Data(base64Encoded: payload)))
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                let text = "k1." + Data(damaged).base64EncodedString()
                #expect(throws: SealingError.damaged) { try ring.open(text, context: "c") }
            }
        }
    }

    @Test func everyShorterTextIsNoticed() throws {
        let ring = try ring(key("k1", 1))
        let sealed = try ring.seal(content, context: "c")
        for length in 0..<sealed.count {
            #expect(throws: SealingError.self) { try ring.open(String(sealed.prefix(length)), context: "c") }
        }
    }

    @Test(arguments: ["", ".", "k1", "k1.", "k1.!", "k1.AAAA", "k1..", "K1.AAAA", "é.AAAA", "\u{0}", "k1.AA AA"])
    func otherTextsDoNotOpen(text: String) throws {
        let ring = try ring(key("k1", 1))
        #expect(throws: SealingError.self) { try ring.open(text, context: "c") }
    }

    @Test func aKeyHasThirtyTwoBytesAndAPlainName() {
        let bytes = [UInt8](repeating: 1, count: 32)
        #expect(SealingKeyRing.Key(id: "2026-11_a", bytes: bytes) != nil)
        for id in ["", "a.b", "a b", "a:b", "a,b", "é", String(repeating: "a", count: 33)] {
            #expect(SealingKeyRing.Key(id: id, bytes: bytes) == nil)
        }
        for count in [0, 16, 31, 33] {
            #expect(SealingKeyRing.Key(id: "a", bytes: Array(repeating: 1, count: count)) == nil)
        }
    }

    @Test func aRingIsReadFromItsSetting() throws {
        let one = Data(repeating: 1, count: 32).base64EncodedString()
        let two = Data(repeating: 2, count: 32).base64EncodedString()
        let ring = try #require(SealingKeyRing.parse("new:\(two), old:\(one)"))
        let sealed = try ring.seal(content, context: "c")
        #expect(sealed.hasPrefix("new."))
        let old = try #require(SealingKeyRing.parse("old:\(one)"))
        #expect(try ring.open(try old.seal(content, context: "c"), context: "c") == content)
    }

    @Test func anIllFormedSettingGivesNoRing() {
        let one = Data(repeating: 1, count: 32).base64EncodedString()
        let short = Data(repeating: 1, count: 31).base64EncodedString()
        let texts = [
            "", ",", "a", "a:", ":\(one)", "a:\(short)", "a:not base64", "a:\(one),a:\(one)", "a:\(one),b",
            "a b:\(one)",
            "a:\(one):b", one,
        ]
        for text in texts {
            #expect(SealingKeyRing.parse(text) == nil)
        }
        #expect(SealingKeyRing(keys: []) == nil)
    }

    @Test func everyRandomRingIsItsOwn() throws {
        let sealed = try SealingKeyRing.random().seal(content, context: "c")
        #expect(throws: SealingError.self) { try SealingKeyRing.random().open(sealed, context: "c") }
    }
}
