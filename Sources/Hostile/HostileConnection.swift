import NIOCore
import NIOPosix
import Synchronization

/// One answer as it came.
struct WireAnswer: Sendable {
    var status: Int
    /// Header fields by lower-case name.
    var headers: [String: String]
    var body: [UInt8]
}

/// All that came over a connection until it was closed, or until as many answers as were waited for.
struct Transcript: Sendable {
    var answers: [WireAnswer] = []
    /// Whether the server closed, so that nothing more can come.
    var isClosed = false
    /// Bytes that are no whole answer.
    var leftoverCount = 0
}

/// A plain connection to a server, so that every byte and its time are the caller's.
struct HostileConnection: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    /// Connects to a port of this machine.
    static func open(port: Int) async throws -> HostileConnection {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox: inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return HostileConnection(channel: channel, inbox: inbox)
    }

    /// Sends bytes; that the server closed meanwhile is no error.
    func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Ends this side's half of the connection.
    func endSending() async {
        try? await channel.close(mode: .output)
    }

    /// Closes the connection, whatever is on its way.
    func close() async {
        try? await channel.close()
    }

    /// Waits for so many answers (or for the end of the connection) and tells what came.
    func transcript(answers count: Int, untilClosed: Bool, within limit: Duration) async -> Transcript {
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) { inbox.giveUp() }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            inbox.wait(answers: count, untilClosed: untilClosed, continuation)
        }
    }
}

/// What came and was not asked for yet.
private final class Inbox: Sendable {
    private struct Waiting {
        var answers: Int
        var untilClosed: Bool
        var continuation: CheckedContinuation<Transcript, Never>
    }

    private struct State {
        var transcript = Transcript()
        var bytes: [UInt8] = []
        var hasGivenUp = false
        var waiting: Waiting?
    }

    private let state = Mutex(State())

    func wait(answers: Int, untilClosed: Bool, _ continuation: CheckedContinuation<Transcript, Never>) {
        update { $0.waiting = Waiting(answers: answers, untilClosed: untilClosed, continuation: continuation) }
    }

    func arrived(_ bytes: some Sequence<UInt8>) {
        update { state in
            state.bytes += bytes
            while let (answer, length) = Self.parse(state.bytes) {
                state.bytes.removeFirst(length)
                if answer.status >= 200 { state.transcript.answers.append(answer) }
            }
            state.transcript.leftoverCount = state.bytes.count
        }
    }

    func closed() { update { $0.transcript.isClosed = true } }

    func giveUp() { update { $0.hasGivenUp = true } }

    private func update(_ change: (inout State) -> Void) {
        let ready: (CheckedContinuation<Transcript, Never>, Transcript)? = state.withLock { state in
            change(&state)
            guard let waiting = state.waiting else { return nil }
            let isComplete = state.transcript.answers.count >= waiting.answers && !waiting.untilClosed
            guard isComplete || state.transcript.isClosed || state.hasGivenUp else { return nil }
            state.waiting = nil
            return (waiting.continuation, state.transcript)
        }
        if let ready { ready.0.resume(returning: ready.1) }
    }

    private static func parse(_ bytes: [UInt8]) -> (answer: WireAnswer, length: Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        var lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")[...]
        guard let status = lines.popFirst()?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            return nil
        }
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let name = parts.first else { continue }
            headers[name.lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let length = end.upperBound + (headers["content-length"].flatMap { Int($0) } ?? 0)
        guard bytes.count >= length else { return nil }
        return (WireAnswer(status: status, headers: headers, body: Array(bytes[end.upperBound..<length])), length)
    }
}

private final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Inbox

    init(inbox: Inbox) {
        self.inbox = inbox
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inbox.arrived(unwrapInboundIn(data).readableBytesView)
    }

    func channelInactive(context: ChannelHandlerContext) {
        inbox.closed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
