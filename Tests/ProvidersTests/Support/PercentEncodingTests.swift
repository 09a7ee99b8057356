import Foundation
import Testing

@testable import Providers

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("", ""), ("AZaz09-._~", "AZaz09-._~"), (" ", "%20"), ("+&=?#/%", "%2B%26%3D%3F%23%2F%25"),
        ("é€", "%C3%A9%E2%82%AC"),
        ("\u{0}\r\n", "%00%0D%0A"), ("{CHECKOUT_SESSION_ID}", "%7BCHECKOUT_SESSION_ID%7D"),
        ("[]*'()!", "%5B%5D%2A%27%28%29%21"),
    ])
    func everythingButUnreservedCharactersIsEncoded(text: String, expected: String) {
        #expect(PercentEncoding.encode(text) == expected)
        #expect(expected.removingPercentEncoding == text)
    }

    @Test func aFormKeepsItsOrderAndCannotBeExtendedByAValue() {
        var form = FormBody()
        #expect(form.bytes.isEmpty)
        form.add("metadata[a]", "1&amount=1")
        form.add("empty", "")
        form.add("b", "2")
        #expect(String(decoding: form.bytes, as: UTF8.self) == "metadata[a]=1%26amount%3D1&empty=&b=2")
    }
}
