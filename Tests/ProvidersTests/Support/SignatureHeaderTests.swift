import Testing

@testable import Providers

@Suite struct SignatureHeaderTests {
    @Test func timeAndEverySoundSignatureAreRead() throws {
        let header = try #require(SignatureHeader("v0=aa, t = 5 ,v1=00Ff,v1=xyz,v1=,v1=0,v1=0a,unknown,=,,"))
        #expect(header.timestamp == 5)
        #expect(header.signatures == [[0x00, 0xFF], [0x0A]])
    }

    @Test(arguments: ["", ",", "t", "t=5", "v1=00", "t=5,v0=00", "t=x,v1=00", "t=5,v1=0", "t=5,v1=0g", "T=5,V1=00"])
    func withoutTimeOrSignatureThereIsNoHeader(text: String) {
        #expect(SignatureHeader(text) == nil)
    }

    @Test func onlySoManyPartsAreRead() {
        let before = String(repeating: "v0=00,", count: 30)
        #expect(SignatureHeader(before + "t=5,v1=00") != nil)
        #expect(SignatureHeader(before + "v0=00,t=5,v1=00") == nil)
        #expect(SignatureHeader("t=5,v1=" + String(repeating: "00", count: 129)) == nil)
    }

    @Test(arguments: [Int64.min, .max, 0, -1])
    func extremeTimesNeverTrap(timestamp: Int64) throws {
        let header = try #require(SignatureHeader("t=\(timestamp),v1=00"))
        for now in [Int64.min, .max, 0] {
            #expect(!header.verifies([], key: "key", nowSeconds: now, toleranceSeconds: 300))
        }
    }

    @Test func theTimeIsPartOfWhatIsSigned() throws {
        let signature = TestSignature.hexadecimal(Array("5.body".utf8), secret: "key")
        let genuine = try #require(SignatureHeader("t=5,v1=\(signature)"))
        let moved = try #require(SignatureHeader("t=6,v1=\(signature)"))
        let body = Array("body".utf8)
        #expect(genuine.verifies(body, key: "key", nowSeconds: 5, toleranceSeconds: 0))
        #expect(!genuine.verifies(body, key: "key", nowSeconds: 6, toleranceSeconds: 0))
        #expect(!genuine.verifies(body, key: "other", nowSeconds: 5, toleranceSeconds: 0))
        #expect(!genuine.verifies([], key: "key", nowSeconds: 5, toleranceSeconds: 0))
        #expect(!moved.verifies(body, key: "key", nowSeconds: 6, toleranceSeconds: 300))
    }

    @Test(arguments: [("00", [0]), ("fFa0", [0xFF, 0xA0])] as [(String, [UInt8])])
    func hexadecimalIsReadInEitherCase(text: String, bytes: [UInt8]) {
        #expect(SignatureHeader.bytes(hexadecimal: text) == bytes)
    }

    @Test(arguments: ["", "0", "0g", "é0", "0x00", " 00", "００"])
    func otherTextsAreNoHexadecimal(text: String) {
        #expect(SignatureHeader.bytes(hexadecimal: text) == nil)
    }
}
