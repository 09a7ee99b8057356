import Shared
import Testing

@Suite struct SecretTests {
    private struct Holder {
        var name = "holder"
        var key: Secret<String>
        var optional: Secret<String>?
        var list: [Secret<String>]
    }

    private enum Failure: Error {
        case refused(Secret<String>)
    }

    @Test func noWayOfPrintingShowsTheValue() {
        let value = "sk_live_51Habcdef"
        let secret = Secret(value)
        let holder = Holder(key: secret, optional: secret, list: [secret])
        var dumped = ""
        dump(secret, to: &dumped)
        dump(holder, to: &dumped)
        let texts = [
            "\(secret)", secret.description, secret.debugDescription, String(describing: secret),
            String(reflecting: secret), "\(holder)", String(reflecting: holder), "\([secret])",
            "\(["key": secret])", "\(Optional(secret) as Any)", "\(Failure.refused(secret))",
            String(reflecting: Failure.refused(secret)), dumped, "\(Mirror(reflecting: secret).children.map(\.value))",
        ]
        for text in texts {
            #expect(!text.contains("51H"))
        }
        #expect("\(secret)" == "***")
        #expect(dumped.contains("***"))
    }

    @Test func theValueIsThereForTheOneCallThatNeedsIt() {
        #expect(Secret("a").exposed == "a")
        #expect(Secret("a") == Secret("a"))
        #expect(Secret("a") != Secret("b"))
        #expect(Set([Secret(1), Secret(1)]).count == 1)
    }
}
