import Testing

@testable import Shared

struct JournalKeyTests {
    private static func read(_ text: String) -> JournalRecordKey? {
        Array(text.utf8).withUnsafeBytes { JournalRecordKey($0) }
    }

    private static func parts(_ text: String) -> (entry: String, writer: JournalWriter, isOwner: Bool)? {
        Array(text.utf8).withUnsafeBytes { bytes in
            JournalRecordKey.Parts(bytes).map { (String(decoding: $0.entry, as: UTF8.self), $0.writer, $0.isOwner) }
        }
    }

    // MARK: - Entries

    @Test func entriesAreReadBackAndNothingElseIsOne() {
        let id = CommandID.make(atUnixMilliseconds: 1)
        let keys: [JournalKey] = [.owner, .payment("a:b"), .command(id), .followUp("capture", of: "p")]
        for key in keys { #expect(JournalKey(key.text) == key) }
        let others = ["", "p", "p:", "c:", "q:a", "oo", "k:a", "P:a", ":a"]
        for text in others { #expect(JournalKey(text) == nil, "\(text)") }
        #expect(Set(keys.map(\.text)) == ["o", "p:a:b", "c:\(id)", "x:capture:p"])
    }

    // MARK: - Keys of records

    private static let references = [
        "ORDER-1", "a@b", "@", "a@1.0", "a@7.0@8.1", "1.2.3", "..", "é@ü", "o@1.2", "a b", "p:x", " ",
    ]

    @Test(arguments: references)
    func theKeyOfAPaymentIsReadBackWhateverTheMerchantCallsIt(reference: String) throws {
        for writer in [
            JournalWriter(epoch: 1, generation: 0), JournalWriter(epoch: JournalWriter.epochMax, generation: 12),
            JournalWriter(epoch: 7, generation: JournalWriter.generationMax),
        ] {
            let key = JournalRecordKey(.payment(reference), writer)
            let text = String(decoding: key.bytes, as: UTF8.self)
            #expect(text == "p:\(reference)@\(writer.epoch).\(writer.generation)")
            #expect(Self.read(text) == key)
            let parts = try #require(Self.parts(text))
            #expect(parts.entry == "p:\(reference)")
            #expect(parts.writer == writer)
            #expect(!parts.isOwner)
        }
    }

    @Test(arguments: ["owner.7.worker-1.3", "a@b.c", ".", "@"])
    func theKeyOfAnOwnersRecordIsReadBackWithItsId(id: String) throws {
        let key = JournalRecordKey(owner: id, epoch: 7)
        let text = String(decoding: key.bytes, as: UTF8.self)
        #expect(text == "o@7.\(id)")
        #expect(Self.read(text) == key)
        #expect(try #require(Self.parts(text)).isOwner)
        #expect(try #require(Self.parts(text)).writer == JournalWriter(epoch: 7, generation: 0))
    }

    @Test func everyWriterAndEveryOwnersRecordHasAKeyOfItsOwn() {
        let keys = [
            JournalRecordKey(.payment("a"), JournalWriter(epoch: 1, generation: 0)),
            JournalRecordKey(.payment("a"), JournalWriter(epoch: 1, generation: 1)),
            JournalRecordKey(.payment("a"), JournalWriter(epoch: 11, generation: 0)),
            JournalRecordKey(.payment("a@1.0"), JournalWriter(epoch: 1, generation: 0)),
            JournalRecordKey(owner: "x", epoch: 1), JournalRecordKey(owner: "y", epoch: 1),
        ]
        #expect(Set(keys.map(\.bytes)).count == keys.count)
    }

    @Test(arguments: [
        "", "p", "p:a", "p:a@", "p:a@1", "p:a@1.", "p:a@.0", "p:a@0.0", "p:a@-1.0", "p:a@1.-1", "p:a@+1.0", "p:a@x.0",
        "p:a@1.x", "p:a@1.0 ", "p:a@ 1.0", "p:a@1.0.0", "p:a@1000000000000000000.0", "p:a@9223372036854775808.0",
        "p:a@1.2147483648", "p:a@99999999999999999999.0", "@1.0", "o@", "o@1", "o@0.x", "o@.x", "o@x.y", "p:@1.0",
        "q:a@1.0", "k:a@1.0",
    ])
    func whatIsIllFormedIsNoKey(text: String) {
        #expect(Self.read(text) == nil, "\(text)")
        #expect(Self.parts(text) == nil, "\(text)")
    }

    @Test func bytesThatAreNoTextAreNoKey() {
        let odd: [[UInt8]] = [
            [0xFF, 0xFE, 0xFD], [0, 0, 0], Array("p:".utf8) + [0xFF] + Array("@1.0".utf8),
            Array("o@1.".utf8) + [0xC3],
        ]
        for bytes in odd { #expect(bytes.withUnsafeBytes { JournalRecordKey($0) } == nil) }
        for bytes in odd { #expect(bytes.withUnsafeBytes { JournalRecordKey.Parts($0) } == nil) }
    }

    @Test func aLaterOwnerIsTheHigherWriterWhateverItsProducer() {
        let writers = [(Int64(1), 0), (1, 1), (1, 2), (2, 0), (10, 0)].map { JournalWriter(epoch: $0, generation: $1) }
        #expect(writers.shuffled().sorted() == writers)
    }

    // MARK: - Hashes

    @Test func anEntryHasOneHashForEachSecret() {
        let (one, other) = (JournalHash(), JournalHash())
        #expect(one.secret != other.secret)
        #expect(one.of(.payment("a")) == JournalHash(secret: one.secret).of(.payment("a")))
        #expect(one.of(.payment("a")) != other.of(.payment("a")))
        #expect(one.of(.payment("a")) != one.of(.payment("b")))
        // A secret of another length is none.
        #expect(JournalHash(secret: [1]).secret.count == JournalHash.secretBytes)
    }
}
