import Testing

@testable import Shared

/// Reading, passing on and writing of W3C trace context.
@Suite
struct TraceContextTests {
    static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func aValidParentIsReadAndWrittenAgain() throws {
        let context = try #require(TraceContext(traceParent: Self.parent, traceState: "vendor=1"))
        #expect(context.traceParent == Self.parent)
        #expect(context.traceIDText == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.isSampled)
        #expect(context.traceState == "vendor=1")
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
    ])
    func whatIsNoTraceParentIsNotTaken(text: String) {
        #expect(TraceContext(traceParent: text) == nil)
    }

    @Test func aLaterVersionIsReadAsFarAsItIsKnown() throws {
        let context = try #require(
            TraceContext(traceParent: "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-what-comes"))
        #expect(context.traceParent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03")
    }

    @Test func aChildKeepsTraceFlagsAndStateAndHasASpanOfItsOwn() throws {
        let context = try #require(TraceContext(traceParent: Self.parent, traceState: "a=b"))
        let hop = TraceHop.start("test", .server, parent: context)
        #expect(hop.context.traceIDText == context.traceIDText)
        #expect(hop.context.spanID != context.spanID)
        #expect(hop.context.isSampled)
        #expect(hop.context.traceState == "a=b")
    }

    @Test func withoutAParentANewUnsampledTraceBegins() throws {
        let (one, two) = (TraceHop.start("test", .server, parent: nil), TraceHop.start("test", .server, parent: nil))
        #expect(one.context.traceIDText != two.context.traceIDText)
        #expect(!one.context.isSampled)
        #expect(TraceContext(traceParent: one.context.traceParent) == one.context)
    }

    @Test func aStateThatIsTooLongOrNotPrintableIsLeftOut() throws {
        let longest = String(repeating: "s", count: TraceContext.stateBytesMax)
        #expect(TraceContext(traceParent: Self.parent, traceState: longest)?.traceState == longest)
        for state in [longest + "s", "", "a=b\r\nX-Evil: 1", "a=é"] {
            let context = try #require(TraceContext(traceParent: Self.parent, traceState: state))
            #expect(context.traceState == nil)
        }
    }

    @Test func aTraceTravelsWithCommandsAndResults() throws {
        let codec = MessageCodec(topics: TopicNames(), source: "/test", keys: .random())
        let id = CommandID.make(atUnixMilliseconds: 1)
        let trace = try #require(TraceContext(traceParent: Self.parent, traceState: "a=b"))
        let provider = try #require(ProviderName("stripe"))
        let command = Command(
            id: id, provider: provider, operation: .check, reference: PaymentReference(shopTransactionID: "s"),
            acceptedAtMilliseconds: 1, trace: trace, payload: CommandPayload())
        let sent = try codec.record(for: command, partitionCount: 1)
        #expect(try codec.command(from: message(sent)).trace == trace)
        var result = ResultEvent(
            commandID: id, provider: provider, operation: .check, reference: command.reference, outcome: "OK",
            occurredAtMilliseconds: 1)
        result.trace = trace
        #expect(try codec.result(from: message(codec.record(for: result, partitionCount: 1))).trace == trace)
    }

    private func message(_ record: KafkaRecord) -> KafkaMessage {
        KafkaMessage(
            topic: record.topic, partition: record.partition, offset: 0, key: record.key, value: record.value,
            headers: record.headers)
    }
}
