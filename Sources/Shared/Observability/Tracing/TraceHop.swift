import Tracing

/// One hop of a trace: a span of this process, and the context that it passes on.
///
/// With a tracer of swift-distributed-tracing installed, the span is that tracer's; without one only the ids are made,
/// which costs next to nothing.
public struct TraceHop: Sendable {
    /// What a span is to its trace.
    public enum Kind: Sendable, Hashable {
        /// Answers a request.
        case server
        /// Makes a request.
        case client
        /// Processes a record.
        case consumer

        var spanKind: SpanKind {
            switch self {
            case .server: .server
            case .client: .client
            case .consumer: .consumer
            }
        }
    }

    /// What is passed on to whoever comes next: the trace, with this hop as parent.
    public let context: TraceContext
    private let span: (any Span)?

    /// Begins a hop; without a parent a new trace.
    public static func start(_ name: String, _ kind: Kind, parent: TraceContext?) -> TraceHop {
        let tracer = InstrumentationSystem.tracer
        if tracer is NoOpTracer { return TraceHop(context: parent?.child() ?? .root(), span: nil) }
        var context = ServiceContext.topLevel
        if let parent { tracer.extract(TraceCarrier(parent), into: &context, using: TraceCarrierAccess()) }
        let span = tracer.startSpan(name, context: context, ofKind: kind.spanKind)
        var carrier = TraceCarrier()
        tracer.inject(span.context, into: &carrier, using: TraceCarrierAccess())
        // A tracer that speaks another format than W3C's leaves the carrier empty.
        return TraceHop(context: carrier.context ?? parent?.child() ?? .root(), span: span)
    }

    /// Ends the hop.
    /// - Parameter code: Bounded code of the failure, when it failed.
    public func end(failure code: String? = nil) {
        guard let span else { return }
        if let code { span.setStatus(SpanStatus(code: .error, message: code)) }
        span.end()
    }
}

/// The two headers of W3C trace context, for a tracer to read and write.
private struct TraceCarrier: Sendable {
    var traceParent: String?
    var traceState: String?

    init() {}

    init(_ context: TraceContext) {
        traceParent = context.traceParent
        traceState = context.traceState
    }

    var context: TraceContext? { TraceContext(traceParent: traceParent, traceState: traceState) }
}

private struct TraceCarrierAccess: Extractor, Injector {
    func extract(key: String, from carrier: TraceCarrier) -> String? {
        switch key.lowercased() {
        case TraceHeaderName.traceParent: carrier.traceParent
        case TraceHeaderName.traceState: carrier.traceState
        default: nil
        }
    }

    func inject(_ value: String, forKey key: String, into carrier: inout TraceCarrier) {
        switch key.lowercased() {
        case TraceHeaderName.traceParent: carrier.traceParent = value
        case TraceHeaderName.traceState: carrier.traceState = value
        default: break
        }
    }
}
