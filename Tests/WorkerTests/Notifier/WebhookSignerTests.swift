import Shared
import Testing

@testable import Worker

/// The expected signatures were computed by another implementation of HMAC-SHA256.
struct WebhookSignerTests {
    private static let newer = Secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")
    private static let older = Secret("whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=")
    private static let body = Array(#"{"providerName":"STRIPE","isSuccessful":true}"#.utf8)

    private static func sign(_ secrets: [Secret<String>]) throws -> String? {
        try WebhookSigner(secrets: secrets).unwrapped()
            .signature(id: "msg_0123456789abcdef", timestampSeconds: 1_700_000_000, body: body)
    }

    @Test func theSignatureIsThatOfStandardWebhooks() throws {
        #expect(try Self.sign([Self.newer]) == "v1,m/c2DgTQEM1dxEFem0RD0gVjADDtrWqUDHAImc/SdpY=")
    }

    @Test func duringARotationBothSecretsSignTheNewerFirst() throws {
        let both = "v1,m/c2DgTQEM1dxEFem0RD0gVjADDtrWqUDHAImc/SdpY= v1,Rzx6v6oPIIcPzKhQe4+XItiiMJjlaXXXjxvRAxNrq4c="
        #expect(try Self.sign([Self.newer, Self.older]) == both)
    }

    @Test func withoutSecretsNothingIsSigned() throws {
        #expect(try Self.sign([]) == nil)
    }

    @Test(arguments: [
        "", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "whsec_", "whsec_!", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFQ==",
    ])
    func anIllFormedSecretIsRefused(text: String) {
        #expect(WebhookSigner(secrets: [Self.newer, Secret(text)]) == nil)
    }
}
