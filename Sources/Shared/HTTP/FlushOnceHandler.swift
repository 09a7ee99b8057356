import NIOCore

/// Joins the flushes of one turn of the event loop: the client flushes a request's head, body and end each on its own,
/// which would be a system call and a packet for each.
final class FlushOnceHandler: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var isFlushWanted = false

    func flush(context: ChannelHandlerContext) {
        guard !isFlushWanted else { return }
        isFlushWanted = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (handler, context) = bound.value
            handler.flushNow(context)
        }
    }

    /// What was to be sent is sent before the end.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        flushNow(context)
        context.close(mode: mode, promise: promise)
    }

    private func flushNow(_ context: ChannelHandlerContext) {
        guard isFlushWanted else { return }
        isFlushWanted = false
        context.flush()
    }
}
