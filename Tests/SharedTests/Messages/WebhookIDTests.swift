import Shared
import Testing

@Suite struct WebhookIDTests {
    private let event = WebhookID.Event(
        provider: ProviderName("stripe"), shopTransactionID: "ORDER-1", paymentID: "cs_1", kind: "payment",
        occurrence: "", status: .accepted)

    @Test func theSameEventAlwaysHasTheSameID() {
        // The input is "6:stripe7:ORDER-11:14:cs_17:payment0:8:ACCEPTED".
        let id = WebhookID.make(for: event, attempt: 1)
        #expect(id == "msg_30a29458dabc16353b687f7869ce8bf1")
        #expect(id == WebhookID.make(for: event, attempt: 1))
        #expect(id.utf8.count == 36)
    }

    @Test func eachPartThatDiffersGivesAnotherID() {
        var events = Array(repeating: event, count: 7)
        events[1].provider = ProviderName("generic-provider")
        events[2].shopTransactionID = "ORDER-2"
        events[3].paymentID = "cs_2"
        events[4].kind = "renewal"
        events[5].occurrence = "in_1"
        events[6].status = .failed
        var ids = Set(events.map { WebhookID.make(for: $0, attempt: 1) })
        ids.insert(WebhookID.make(for: event, attempt: 2))
        #expect(ids.count == 8)
    }

    @Test func partsDoNotRunTogether() {
        var first = event
        var second = event
        (first.kind, first.occurrence) = ("ab", "c")
        (second.kind, second.occurrence) = ("a", "bc")
        #expect(WebhookID.make(for: first, attempt: 1) != WebhookID.make(for: second, attempt: 1))
        (first.kind, first.occurrence) = ("a:b", "c")
        (second.kind, second.occurrence) = ("a", "b:c")
        #expect(WebhookID.make(for: first, attempt: 1) != WebhookID.make(for: second, attempt: 1))
    }

    @Test func hexadecimalHasTwoLowerCaseDigitsAByte() {
        #expect(Hexadecimal.encode([0x00, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
        #expect(Hexadecimal.encode([UInt8]()) == "")
    }
}
