import NIOCore
import NIOPosix
import Shared
import Synchronization
import Testing

/// A plain connection, so that a test decides every byte and when it is sent.
struct Wire: Sendable {
    /// An HTTP answer as it came.
    struct Answer: Sendable {
        let status: Int
        /// Header fields by lower-case name.
        let headers: [String: String]
        let body: [UInt8]

        /// The body as a failure; throws when it has another shape.
        func error() throws -> ErrorResponse {
            try JSONCoding.decode(ErrorResponse.self, from: body)
        }

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// What has come and was not read yet.
    private final class Inbox: Sendable {
        struct Content {
            var bytes: [UInt8] = []
            var isClosed = false
        }

        let content = Mutex(Content())

        func fill(from inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async {
            // An error says that the server closed while something was on its way to it.
            do {
                for try await buffer in inbound { content.withLock { $0.bytes += buffer.readableBytesView } }
            } catch {}
            content.withLock { $0.isClosed = true }
        }
    }

    private let inbox: Inbox
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Connects, runs the body and closes.
    static func connect<Value: Sendable>(
        _ edge: Edge, _ body: @Sendable (Wire) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: edge.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let inbox = Inbox()
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await inbox.fill(from: inbound) }
                defer { group.cancelAll() }
                return try await body(Wire(inbox: inbox, outbound: outbound))
            }
        }
    }

    /// Sends text as it is.
    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// The next answer; throws when the connection ends before it is complete.
    func answer() async throws -> Answer {
        let inbox = inbox
        await eventually("an answer") {
            inbox.content.withLock { $0.isClosed || Self.parse($0.bytes) != nil }
        }
        let answer = inbox.content.withLock { content in
            let parsed = Self.parse(content.bytes)
            content.bytes.removeFirst(parsed?.length ?? 0)
            return parsed?.answer
        }
        return try answer.unwrapped()
    }

    /// Waits for the server to close; tells how many bytes came before.
    func bytesUntilClosed() async -> Int {
        let inbox = inbox
        await eventually("the end of the connection") { inbox.content.withLock { $0.isClosed } }
        return inbox.content.withLock { $0.bytes.count }
    }

    private static func parse(_ bytes: [UInt8]) -> (answer: Answer, length: Int)? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        var lines = text[..<end.lowerBound].split(separator: "\r\n")[...]
        guard let status = lines.popFirst()?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            return nil
        }
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let headLength = text[..<end.upperBound].utf8.count
        let length = headLength + (headers["content-length"].flatMap { Int($0) } ?? 0)
        guard bytes.count >= length else { return nil }
        return (Answer(status: status, headers: headers, body: Array(bytes[headLength..<length])), length)
    }
}

extension Edge {
    /// One request on a connection of its own.
    func request(
        _ method: String, _ path: String, body: String? = nil, headers: [(String, String)] = []
    ) async throws -> Wire.Answer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        let request = text + "\r\n" + (body ?? "")
        return try await Wire.connect(self) { wire async throws in
            try await wire.send(request)
            return try await wire.answer()
        }
    }

    /// One request with a JSON body.
    func json(
        _ method: String, _ path: String, _ body: String, headers: [(String, String)] = []
    ) async throws -> Wire.Answer {
        try await request(method, path, body: body, headers: [("Content-Type", "application/json")] + headers)
    }

    /// A valid payment at the demonstration provider.
    func pay(_ shopTransactionID: String = "order-1", headers: [(String, String)] = []) async throws -> Wire.Answer {
        try await json(
            "POST", "/generic-provider/credit-cards/pay",
            #"{"amount":"5.00","shopTransactionID":"\#(shopTransactionID)"}"#, headers: headers)
    }
}
