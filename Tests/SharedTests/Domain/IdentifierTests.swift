import Shared
import Testing

@Suite struct IdentifierTests {
    /// Answers the same number for ever.
    private struct ConstantGenerator: RandomNumberGenerator {
        var value: UInt64
        mutating func next() -> UInt64 { value }
    }

    @Test(arguments: [
        (Int64(0), UInt64(0), "00000000000000000000000000"), (1, 1, "00000000011000000010000000"),
        (1_469_918_176_385, 0, "01ARYZ6S410000000000000000"), (-5, 0, "00000000000000000000000000"),
        (0, .max, "0000000000ZZZZZZZZZZZZZZZZ"),
    ])
    func aCommandIDIsTimeThenChance(milliseconds: Int64, chance: UInt64, expected: String) {
        var generator = ConstantGenerator(value: chance)
        #expect(CommandID.make(atUnixMilliseconds: milliseconds, using: &generator).value == expected)
    }

    @Test func commandIDsSortByTimeAndDiffer() {
        let times: [Int64] = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001, 1 << 49]
        let values = times.map { CommandID.make(atUnixMilliseconds: $0).value }
        #expect(values == values.sorted())
        let sameTime = Set((0..<1000).map { _ in CommandID.make(atUnixMilliseconds: 1_700_000_000_000).value })
        #expect(sameTime.count == 1000)
        #expect(sameTime.allSatisfy { CommandID($0)?.value == $0 })
        _ = CommandID.make(atUnixMilliseconds: .max)
    }

    @Test func aDerivedIdentifierFollowsFromItsPartsAlone() {
        let texts = [["a", "bc"], ["ab", "c"], ["abc"], ["a", "bc", ""], [], ["é"]]
        let values = texts.map { CommandID.derived(from: $0).value }
        #expect(Set(values).count == texts.count)
        #expect(values.allSatisfy { CommandID($0)?.value == $0 })
        // SHA-256 of "1:a2:bc" in groups of five bits.
        #expect(values[0] == "AC8AB1W8F0DB4QATTZ1ZGM1NG9")
        #expect(CommandID.derived(from: ["a", "bc"]).value == values[0])
    }

    @Test(arguments: [
        "", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVX", "01arz3ndektsv4rrffq69g5fav",
        "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FA ", "01ARZ3NDEKTSV4RRFFQ69G5Fé",
        "UUUUUUUUUUUUUUUUUUUUUUUUUU",
    ])
    func anythingElseIsNoCommandID(text: String) throws {
        #expect(CommandID(text) == nil)
        let bytes = try JSONCoding.encode(text)
        #expect(throws: JSONError.self) { try JSONCoding.decode(CommandID.self, from: bytes) }
    }

    @Test func aCommandIDIsAStringInJSON() throws {
        let id = try #require(CommandID("01ARZ3NDEKTSV4RRFFQ69G5FAV"))
        let bytes = try JSONCoding.encode(id)
        #expect(String(decoding: bytes, as: UTF8.self) == "\"01ARZ3NDEKTSV4RRFFQ69G5FAV\"")
        #expect(try JSONCoding.decode(CommandID.self, from: bytes) == id)
        #expect("\(id)" == id.value)
    }

    @Test(arguments: [("stripe", "STRIPE"), ("generic-provider", "GENERIC_PROVIDER"), ("a", "A"), ("3d", "3D")])
    func providerNamesGiveTheirSettingsAPrefix(text: String, prefix: String) throws {
        let name = try #require(ProviderName(text))
        #expect(name.settingPrefix == prefix)
        #expect(name.description == text)
        #expect(try JSONCoding.decode(ProviderName.self, from: try JSONCoding.encode(name)) == name)
    }

    @Test(arguments: ["", "Stripe", "a b", "a/b", "a.b", "a_b", "é", String(repeating: "a", count: 41), "a\n"])
    func otherTextsAreNoProviderName(text: String) throws {
        #expect(ProviderName(text) == nil)
        let bytes = try JSONCoding.encode(text)
        #expect(throws: JSONError.self) { try JSONCoding.decode(ProviderName.self, from: bytes) }
    }

    @Test func providerNamesOrderByTheirText() throws {
        #expect(ProviderName("a") < ProviderName("b"))
        #expect(!(ProviderName("b") < ProviderName("a")))
        #expect(try #require(ProviderName(String(repeating: "a", count: 40))).value.count == 40)
    }

    @Test func aLaneIsTheShopTransactionThenThePaymentThenTheCommand() {
        let command = CommandID.make(atUnixMilliseconds: 0)
        let both = PaymentReference(shopTransactionID: "X", paymentID: "Y")
        #expect(Lane.of(both, command: command).key == "s:X")
        #expect(Lane.of(PaymentReference(paymentID: "Y"), command: command).key == "p:Y")
        #expect(Lane.of(PaymentReference(), command: command).key == "c:" + command.value)
    }

    @Test func identifiersOfDifferentKindsNeverShareALane() {
        #expect(Lane.shopTransaction("X") != Lane.payment("X"))
        #expect(Lane.shopTransaction("p:X") != Lane.payment("X"))
    }

    @Test(arguments: [
        ("a", true), ("~ !", true), (String(repeating: "x", count: 128), true), ("", false),
        (String(repeating: "x", count: 129), false), ("é", false), ("a\n", false), ("a\u{7F}", false),
        ("a\u{0}", false),
    ])
    func identifiersAreShortPrintableASCII(text: String, isWellFormed: Bool) {
        #expect(PaymentReference.isWellFormed(text) == isWellFormed)
    }
}
