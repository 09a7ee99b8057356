import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Shared

/// Ends a connection whose request does not arrive completely in time, however slowly it drips.
///
/// The first request's head must arrive within the limit after the connection opens, and the end of every request
/// within the limit after its head. Between requests the server's idle timeout applies. Runs on the channel's event
/// loop.
final class ReadDeadlineHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    private let makeID: @Sendable () -> CommandID
    /// Until when what is being read must be complete; `nil` between requests.
    private var deadline: NIODeadline?
    /// Set once for many requests: when it fires early it is set again for what is left.
    private var timer: Scheduled<Void>?
    private var requestsBegun = 0
    private var answersBegun = 0
    private var answersEnded = 0

    /// Takes the limit and the maker of identifiers for requests that end here.
    init(limit: TimeAmount, makeID: @escaping @Sendable () -> CommandID) {
        self.limit = limit
        self.makeID = makeID
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stop()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            requestsBegun += 1
            start(context)
        case .end: deadline = nil
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational: answersBegun += 1
        case .end: answersEnded += 1
        case .head, .body: break
        }
        context.write(data, promise: promise)
    }

    private func start(_ context: ChannelHandlerContext) {
        let deadline = context.eventLoop.now + limit
        self.deadline = deadline
        if timer == nil { setTimer(deadline, context) }
    }

    private func setTimer(_ deadline: NIODeadline, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.fire(context)
        }
    }

    private func fire(_ context: ChannelHandlerContext) {
        timer = nil
        guard let deadline else { return }
        if deadline > context.eventLoop.now { setTimer(deadline, context) } else { expire(context) }
    }

    private func stop() {
        deadline = nil
        timer?.cancel()
        timer = nil
    }

    /// Answers 408 and closes; the request's handler sees the connection end.
    private func expire(_ context: ChannelHandlerContext) {
        deadline = nil
        // A request that was refused before its end needs no second answer; and while a request before it on the same
        // connection waits for its own, a 408 would be taken for that one.
        guard answersEnded == answersBegun, answersBegun == max(requestsBegun - 1, 0) else {
            context.close(mode: .all, promise: nil)
            return
        }
        let id = makeID()
        var error = ErrorResponse(.requestTimeout, "the request did not arrive completely in time")
        error.requestId = id.value
        let body = Answer.failureBody(error)
        var head = HTTPResponse(status: .requestTimeout)
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = String(body.count)
        head.headerFields[.connection] = "close"
        head.headerFields[.requestID] = id.value
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            bound.value.close(mode: .all, promise: nil)
        }
    }
}
