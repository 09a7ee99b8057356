import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Shared

/// Gives up requests that do not arrive in time, however slowly they drip, and those that are not HTTP.
///
/// A request's head must arrive within the limit after its first byte (the first one's after the connection opens),
/// and its end within the limit after its head; between requests the server's idle timeout applies. (When the first
/// bytes of a head come together with the end of the request before it, the limit begins with the bytes after them.)
/// Whatever is given up is answered with a body like every other failure, in its turn, and the connection closed.
///
/// Runs on the channel's event loop; the decisions are ``ConnectionProgress``'s.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long what still comes is read and dropped after the last answer.
    static let lingerLimit: TimeAmount = .seconds(1)

    private let limit: TimeAmount
    private let makeID: @Sendable () -> CommandID
    private var progress = ConnectionProgress()
    /// Until when what is being read must be complete; `nil` while nothing has a limit.
    private var deadline: NIODeadline?
    /// Set once for many requests: when it fires early it is set again for what is left.
    private var timer: Scheduled<Void>?

    /// Takes the limit and the maker of identifiers for requests that end here.
    init(limit: TimeAmount, makeID: @escaping @Sendable () -> CommandID) {
        self.limit = limit
        self.makeID = makeID
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let observer = ArrivalObserver { areEmptyLines in
            let (handler, context) = bound.value
            handler.perform(handler.progress.bytesArrived(areEmptyLines: areEmptyLines), context)
        }
        do {
            try context.pipeline.syncOperations.addHandler(observer, position: .first)
        } catch {
            // Without it a second head would have no limit.
            context.close(mode: .all, promise: nil)
        }
        if context.channel.isActive { perform(progress.opened(), context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        perform(progress.opened(), context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(progress.closed(), context)
        timer?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !progress.isDeaf else { return }
        switch unwrapInboundIn(data) {
        case .head: perform(progress.headRead(), context)
        case .end: perform(progress.endRead(), context)
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if progress.isOver, event as? ChannelEvent == .inputClosed { context.close(mode: .all, promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The peer is gone, or cut its request off: there is nobody to answer.
        guard !(error is IOError), !(error is ChannelError), context.channel.isActive else {
            context.fireErrorCaught(error)
            return
        }
        perform(progress.givenUp(RequestRefusal(error)), context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !progress.isOver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        var actions: [ConnectionProgress.Action] = []
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            progress.answerBegun(isLast: head.headerFields[.connection] == "close")
        case .end: actions = progress.answerEnded()
        case .head, .body: break
        }
        context.write(data, promise: promise)
        perform(actions, context)
    }

    private func perform(_ actions: [ConnectionProgress.Action], _ context: ChannelHandlerContext) {
        for action in actions {
            switch action {
            case .startTimer:
                let deadline = context.eventLoop.now + limit
                self.deadline = deadline
                if timer == nil { setTimer(deadline, context) }
            case .stopTimer: deadline = nil
            case .failBody: context.fireErrorCaught(RequestGivenUp())
            case .refuse(let refusal): refuse(refusal, context)
            case .linger: linger(context)
            case .close: context.close(mode: .all, promise: nil)
            }
        }
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
        guard deadline <= context.eventLoop.now else { return setTimer(deadline, context) }
        self.deadline = nil
        perform(progress.givenUp(.timeout), context)
    }

    private func refuse(_ refusal: RequestRefusal, _ context: ChannelHandlerContext) {
        let id = makeID()
        var error = refusal.response
        error.requestId = id.value
        let body = Answer.failureBody(error)
        var head = HTTPResponse(status: .init(code: error.statusCode, reasonPhrase: error.error))
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = String(body.count)
        head.headerFields[.connection] = "close"
        head.headerFields[.requestID] = id.value
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func linger(_ context: ChannelHandlerContext) {
        context.flush()
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer?.cancel()
        deadline = nil
        timer = context.eventLoop.scheduleTask(in: Self.lingerLimit) { bound.value.1.close(mode: .all, promise: nil) }
        // Reading may have been paused for a body that nobody takes any more.
        context.read()
    }
}

/// The rest of a request will not come.
struct RequestGivenUp: Error {}

/// Tells that bytes have come, before they are decoded.
///
/// Runs on the channel's event loop, in front of the decoder.
private final class ArrivalObserver: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let arrived: (_ areEmptyLines: Bool) -> Void

    init(arrived: @escaping (_ areEmptyLines: Bool) -> Void) {
        self.arrived = arrived
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        arrived(unwrapInboundIn(data).readableBytesView.allSatisfy { $0 == 0x0D || $0 == 0x0A })
        context.fireChannelRead(data)
    }
}
