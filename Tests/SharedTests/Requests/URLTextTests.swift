import Testing

@testable import Shared

/// Which texts are taken as URLs to send a buyer to.
@Suite
struct URLTextTests {
    @Test(arguments: [
        "https://example.com", "http://example.com:8080/a/b;c=1?d=e&f=%20#g", "HTTPS://EXAMPLE.COM/",
        "http://[::1]:80/x",
        "shop-app://done?order=1", "mailto:a@b", "https://example.com/?x=%7B%7D",
        "https://example.com/?session={CHECKOUT_SESSION_ID}",
    ])
    func thisIsAURL(text: String) throws {
        #expect(URLText.isAbsolute(text))
        #expect(text.contains(try Regex(URLText.pattern)))
    }

    @Test(arguments: [
        "", ":", "a", "/path", "//example.com", "1http://example.com", "http://example.com/a b",
        "http://example.com/<b>",
        "http://example.com/\"", "http://example.com/%", "http://example.com/%2", "http://example.com/%zz",
        "http://example.com/#a#b", "http://example.com/[1]", "http://example.com/\u{e8}", "http://example.com/\n", "e:",
        "http://[zz]/", "a://[0]", "e:#",
    ])
    func thisIsNoURL(text: String) throws {
        #expect(!URLText.isAbsolute(text))
        #expect(!text.contains(try Regex(URLText.pattern)))
    }

    @Test(arguments: [
        "http://[:::]/", "a://[:.]", "http:", "http:/x", "http://", "https:///path", "javascript:alert(1)",
        "data:text/html,x", "file:///etc",
    ])
    func thisURLLeadsNowhereOrIntoTheBrowserItself(text: String) {
        #expect(!URLText.isAbsolute(text))
    }
}
