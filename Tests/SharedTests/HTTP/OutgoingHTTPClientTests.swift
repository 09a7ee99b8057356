import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Shared

/// The client against a server that says exactly what a test wants, and no more.
@Suite struct OutgoingHTTPClientTests {
    private static let request = "POST /v1?a=b HTTP/1.1\r\n"

    private static func send(
        _ timeout: Duration, answering answer: String, answerBytesMax: Int = 1 << 20
    ) async throws -> (result: Result<OutgoingResponse, OutgoingFailure>, seen: [String]) {
        let server = try await CannedServer.start(answer)
        let client = OutgoingHTTPClient(limits: .init(answerBytesMax: answerBytesMax))
        let request = OutgoingRequest(
            method: "POST", url: "http://127.0.0.1:\(server.port)/v1?a=b", headers: [.init("X-Test", "1")],
            body: Array("{\"a\":1}".utf8), timeout: timeout)
        let result: Result<OutgoingResponse, OutgoingFailure>
        do {
            result = .success(try await client.send(request))
        } catch {
            result = .failure(error)
        }
        try await client.close()
        try await server.stop()
        return (result, server.reads)
    }

    @Test func aWholeAnswerComesBackWithItsHeadersInLowerCase() async throws {
        let answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-One: a\r\nx-one: b\r\n\r\nok"
        let (result, _) = try await Self.send(.seconds(10), answering: answer)
        let response = try result.get()
        #expect(response.statusCode == 201)
        #expect(response.headers["x-one"] == "a")
        #expect(response.body == Array("ok".utf8))
    }

    @Test func headAndBodyArriveTogether() async throws {
        let answer = "HTTP/1.1 204 No Content\r\n\r\n"
        let (result, reads) = try await Self.send(.seconds(10), answering: answer)
        #expect(try result.get().body == [])
        #expect(reads.count == 1)
        #expect(reads.first?.hasPrefix(Self.request) == true)
        #expect(reads.first?.hasSuffix("\r\n\r\n{\"a\":1}") == true)
    }

    /// The parts of an address are remembered; nothing else of a request may be, however many addresses there are.
    @Test func requestsToOneAddressHaveTheirOwnMethodsHeadersAndBodies() async throws {
        let server = try await CannedServer.start("HTTP/1.1 204 No Content\r\n\r\n")
        let client = OutgoingHTTPClient()
        func send(_ method: String, _ path: String, _ mark: String, _ body: [UInt8]?) async throws {
            _ = try await client.send(
                OutgoingRequest(
                    method: method, url: "http://127.0.0.1:\(server.port)\(path)", headers: [.init("X-Mark", mark)],
                    body: body, timeout: .seconds(10)))
        }
        try await send("POST", "/v1", "one", Array("first".utf8))
        try await send("POST", "/v1", "two", Array("second".utf8))
        try await send("GET", "/v1", "three", nil)
        for number in 0..<70 { try await send("GET", "/v1/\(number)", "other", nil) }
        try await send("POST", "/v1", "four", nil)
        try await client.close()
        try await server.stop()
        let reads = server.reads.filter { !$0.contains("X-Mark: other") }
        #expect(
            reads.map { $0.prefix { $0 != "\r\n" } } == ["POST", "POST", "GET", "POST"].map { $0 + " /v1 HTTP/1.1" })
        for (read, mark) in zip(reads, ["one", "two", "three", "four"]) {
            #expect(read.contains("X-Mark: \(mark)\r\n"))
        }
        #expect(reads.map { $0.split(separator: "\r\n\r\n").dropFirst().joined() } == ["first", "second", "", ""])
        #expect(server.reads.count == 74)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
    func anAnswerThatStopsOnTheWayEndsWithTheTime(answer: String) async throws {
        let (result, _) = try await Self.send(.milliseconds(200), answering: answer)
        #expect(throws: OutgoingFailure(code: .timeout, mayHaveBeenSent: true)) { try result.get() }
    }

    @Test func anAnswerBeyondTheLimitIsRefused() async throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789"
        let (result, _) = try await Self.send(.seconds(10), answering: answer, answerBytesMax: 8)
        #expect(throws: OutgoingFailure(code: .answerTooLarge, mayHaveBeenSent: true)) { try result.get() }
    }

    @Test func aCancelledTaskWaitsNoLonger() async throws {
        let server = try await CannedServer.start("")
        let client = OutgoingHTTPClient()
        let task = Task {
            try await client.send(
                OutgoingRequest(method: "GET", url: "http://127.0.0.1:\(server.port)/", timeout: .seconds(600)))
        }
        try await eventually { !server.reads.isEmpty }
        task.cancel()
        await #expect(throws: OutgoingFailure(code: .cancelled, mayHaveBeenSent: true)) { try await task.value }
        try await client.close()
        try await server.stop()
    }

    @Test(arguments: ["", "no url", "ftp://host/", "http://", "//host/"])
    func whatIsNoURLIsNeverSent(url: String) async throws {
        let client = OutgoingHTTPClient()
        await #expect(throws: OutgoingFailure(code: .invalidRequest, mayHaveBeenSent: false)) {
            try await client.send(OutgoingRequest(method: "GET", url: url, timeout: .seconds(1)))
        }
        try await client.close()
    }

    @Test func aRefusedConnectionIsProofThatNothingWasSent() async throws {
        let server = try await CannedServer.start("")
        try await server.stop()
        let client = OutgoingHTTPClient()
        await #expect(throws: OutgoingFailure(code: .connectionFailed, mayHaveBeenSent: false)) {
            try await client.send(
                OutgoingRequest(method: "GET", url: "http://127.0.0.1:\(server.port)/", timeout: .seconds(10)))
        }
        try await client.close()
    }
}

/// Answers the first bytes of each connection with a text, and then nothing more.
private final class CannedServer: Sendable {
    let port: Int
    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable {
        let reads = Mutex<[String]>([])
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let answer: String
        private let log: Log

        init(_ answer: String, _ log: Log) {
            self.answer = answer
            self.log = log
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            log.reads.withLock { $0.append(text) }
            context.writeAndFlush(NIOAny(ByteBuffer(string: answer)), promise: nil)
        }
    }

    private init(_ channel: any Channel, _ log: Log) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    /// What each read of a connection found.
    var reads: [String] { log.reads.withLock { $0 } }

    static func start(_ answer: String) async throws -> CannedServer {
        let log = Log()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(answer, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return CannedServer(channel, log)
    }

    func stop() async throws { try await channel.close() }
}
