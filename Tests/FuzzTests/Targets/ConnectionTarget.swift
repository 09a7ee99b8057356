import Foundation
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Shared

@testable import Ingress

extension FuzzTarget {
    /// The bytes of a connection, in pieces of the length that the first byte says; every second request is answered
    /// as soon as its head has come, the others when they are complete.
    static let connection = FuzzTarget("connection", covers: "the bytes of a connection, and the guard behind them") {
        guard let pieceLength = $0.first.map({ max(1, Int($0)) }), $0.count > 1 else { return }
        try run(Array($0.dropFirst()), pieceLength: pieceLength)
    }

    private static func run(_ bytes: [UInt8], pieceLength: Int) throws {
        let channel = EmbeddedChannel()
        let answers = AnsweringHandler()
        let operations = channel.pipeline.syncOperations
        try operations.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false)
        try operations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try operations.addHandler(ConnectionGuard(limit: .seconds(5)) { Fixture.id })
        try operations.addHandler(answers)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        for start in stride(from: 0, to: bytes.count, by: pieceLength) where channel.isActive {
            let piece = bytes[start..<min(start + pieceLength, bytes.count)]
            channel.pipeline.fireChannelRead(ByteBuffer(bytes: piece))
            channel.pipeline.fireChannelReadComplete()
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(6))
        channel.embeddedEventLoop.advanceTime(by: ConnectionGuard.lingerLimit)
        var written: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { written += buffer.readableBytesView }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        try check(written, answers)
    }

    /// At most one answer to each request and one refusal, which is the last and has its body.
    private static func check(_ written: [UInt8], _ answers: AnsweringHandler) throws {
        // Bodies may name the version too, but not at the beginning of a line.
        let text =
            "\n"
            + Fixture.text(written).replacing("}HTTP/1.1 ", with: "}\nHTTP/1.1 ")
            .replacing("\r\n\r\nHTTP/1.1 ", with: "\r\n\r\n\nHTTP/1.1 ")
        let heads = text.components(separatedBy: "\nHTTP/1.1 ").filter { !$0.isEmpty }
        let refusals = heads.filter { !$0.hasPrefix("200 ") }
        try Finding.unless(heads.count - refusals.count <= answers.heads, "more answers than requests")
        try Finding.unless(refusals.count <= 1, "more than one refusal")
        guard let refusal = refusals.first else { return }
        try Finding.unless(heads.last == refusal, "an answer after the refusal")
        try Finding.unless(refusal.hasPrefix("400 ") || refusal.hasPrefix("408 "), "an unknown refusal")
        let body = refusal.firstRange(of: "\r\n\r\n").map { Array(refusal[$0.upperBound...].utf8) } ?? []
        let error = try JSONCoding.decode(ErrorResponse.self, from: body)
        try Finding.unless(error.requestId == Fixture.id.value, "a refusal without the request's id")
        try Finding.unless(answers.completeAfterFailure == 0, "a request is complete after it was given up")
    }
}

/// Answers requests as the server would.
private final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private(set) var heads = 0
    /// Requests that ended after their connection had failed.
    private(set) var completeAfterFailure = 0
    private var hasFailed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            heads += 1
            if heads % 2 == 0 { answer(context) }
        case .end:
            if hasFailed { completeAfterFailure += 1 }
            if heads % 2 == 1 { answer(context) }
        case .body: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        hasFailed = true
    }

    private func answer(_ context: ChannelHandlerContext) {
        var head = HTTPResponse(status: .ok)
        head.headerFields[.contentLength] = "0"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
