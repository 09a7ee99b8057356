import Providers
import Shared
import Testing

@Suite("The tour shows everything that the providers can do")
struct TouredOperationsTests {
    @Test func everyOperationAndEveryMethodOfEveryProviderIsToured() throws {
        let pages = try Repository.read().filter { ["README.md", "docs/tour.md"].contains($0.path) }
        #expect(pages.count == 2)
        let toured = pages.reduce(into: Set<TourPage.Call>()) { calls, page in
            calls.formUnion(TourPage(page.lines.joined(separator: "\n")).calls)
        }
        for description in ProviderRegistry.all.map({ $0.description }) {
            let calls = toured.filter { $0.provider == description.name.value }
            let missing = Set(description.operations.map(\.operation)).subtracting(calls.map(\.operation))
            for operation in missing.map(\.rawValue).sorted() {
                Issue.record("\(operation) of \(description.name.value) is in no tour: show it in docs/tour.md")
            }
            let untouredMethods = Set(description.methods.map(\.name)).subtracting(calls.compactMap(\.method))
            #expect(untouredMethods == [], "\(description.name.value)")
        }
    }

    @Test func whatOnlyFailsIsNotedAsNotToured() {
        let page = TourPage(
            """
            # The whole tour
            ```console
            $ curl $PGM/stripe/stripe/refund -d '{}'
            {"code":"INVALID_FIELD","statusCode":400}
            $ deliver() { curl $PGM/stripe/callback \\
            >     -d "$1"; }
            $ end() { curl $PGM/stripe/credit-cards/pay/recurrent/expire; }
            $ deliver 1
            {"code":"INVALID_SIGNATURE","statusCode":401}
            $ end now
            {"result":"OK"}
            ```
            """)
        #expect(page.calls == [.init(provider: "stripe", method: "stripe", operation: .payRecurrentExpire)])
    }

    @Test func aReadmeIsReadUnderItsHeadingAlone() {
        let block = "```console\n$ curl $PGM/stripe/status?paymentId=1\n{}\n```"
        let call = TourPage.Call(provider: "stripe", method: nil, operation: .status)
        #expect(TourPage("# Product\n\(block)\n## A five-minute tour\n## Next\n\(block)").calls == [])
        #expect(TourPage("# Product\n## A five-minute tour\n\(block)\n## Next").calls == [call])
    }
}
