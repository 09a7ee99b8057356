/// Names of the headers of W3C trace context, over HTTP and on Kafka's records alike.
public enum TraceHeaderName {
    /// Trace, parent span and flags.
    public static let traceParent = "traceparent"
    /// Data of tracing systems.
    public static let traceState = "tracestate"
}

extension TraceContext {
    /// Header fields of an outgoing request.
    public var headers: [OutgoingRequest.Header] {
        var headers = [OutgoingRequest.Header(TraceHeaderName.traceParent, traceParent)]
        if let traceState { headers.append(.init(TraceHeaderName.traceState, traceState)) }
        return headers
    }

    /// Headers of a Kafka record.
    public var recordHeaders: [KafkaHeader] {
        var headers = [KafkaHeader(name: TraceHeaderName.traceParent, text: traceParent)]
        if let traceState { headers.append(KafkaHeader(name: TraceHeaderName.traceState, text: traceState)) }
        return headers
    }
}

extension KafkaMessage {
    /// The trace context in a record's headers, when there is a valid one.
    public var traceContext: TraceContext? {
        TraceContext(
            traceParent: text(TraceHeaderName.traceParent), traceState: text(TraceHeaderName.traceState))
    }
}
