import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// The one HTTP client: no redirects, no hidden repetition, and a limit on everything.
public final class OutgoingHTTPClient: HTTPTransport, Service {
    /// Limits of a client.
    public struct Limits: Sendable, Hashable {
        /// Connections to one host.
        public var connectionsPerHost: Int
        /// Longest time to a connection.
        public var connectTimeout: Duration
        /// Largest answer.
        public var answerBytesMax: Int

        /// Makes limits.
        public init(
            connectionsPerHost: Int = 128, connectTimeout: Duration = .seconds(5), answerBytesMax: Int = 1 << 20
        ) {
            self.connectionsPerHost = connectionsPerHost
            self.connectTimeout = connectTimeout
            self.answerBytesMax = answerBytesMax
        }
    }

    private let client: HTTPClient
    private let known = KnownRequests()
    private let answerBytesMax: Int

    /// Makes a client on the shared event loops.
    public init(limits: Limits = Limits()) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limits.connectionsPerHost
        // A refused connection is told at once; whether to try again is decided where the effect is known.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = TimeAmount(limits.connectTimeout)
        // The caller's own span and headers go with a request.
        configuration.tracing.tracer = nil
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(FlushOnceHandler(), position: .first)
            }
        }
        self.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.answerBytesMax = limits.answerBytesMax
    }

    /// Keeps the client until graceful shutdown, then closes its connections.
    public func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }

    /// Closes all connections; for a client that is not run as a service.
    public func close() async throws {
        try await client.shutdown()
    }

    /// Sends one request and reads the whole answer, within the request's time up to its last byte.
    public func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        let outgoing = try outgoing(request)
        let answer = ResponseAccumulator(request: outgoing, maxBodySize: answerBytesMax)
        // Not the client's asynchronous calls: their deadline ends with the answer's head, and each part of an answer
        // is a change of threads.
        let task = client.execute(request: outgoing, delegate: answer, deadline: .now() + TimeAmount(request.timeout))
        do {
            let response = try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
            var headers: [String: String] = [:]
            for (name, value) in response.headers {
                let name = name.lowercased()
                if headers[name] == nil { headers[name] = value }
            }
            return OutgoingResponse(
                statusCode: Int(response.status.code), headers: headers,
                body: response.body.map { Array($0.readableBytesView) } ?? [])
        } catch {
            throw Self.failure(for: error)
        }
    }

    private func outgoing(_ request: OutgoingRequest) throws(OutgoingFailure) -> HTTPClient.Request {
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count + 3)
        for header in request.headers { headers.add(name: header.name, value: header.value) }
        do {
            var outgoing = try known.request(request.method, request.url)
            outgoing.headers = headers
            outgoing.body = request.body.map { .byteBuffer(ByteBuffer(bytes: $0)) }
            return outgoing
        } catch {
            throw OutgoingFailure(code: .invalidRequest, mayHaveBeenSent: false)
        }
    }

    /// Maps the client's errors; whatever is not known to precede the first byte may have been sent.
    private static func failure(for error: any Error) -> OutgoingFailure {
        switch error {
        case is ResponseAccumulator.ResponseTooBigError:
            return OutgoingFailure(code: .answerTooLarge, mayHaveBeenSent: true)
        case is CancellationError: return OutgoingFailure(code: .cancelled, mayHaveBeenSent: true)
        case is NIOConnectionError: return OutgoingFailure(code: .connectionFailed, mayHaveBeenSent: false)
        // What a connect to an address ends with; a connection that was made ends with other errors.
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            return OutgoingFailure(code: .connectionFailed, mayHaveBeenSent: false)
        case let error as HTTPClientError: return failure(for: error)
        case is IOError, is ChannelError: return OutgoingFailure(code: .connectionClosed, mayHaveBeenSent: true)
        default: return OutgoingFailure(code: .other, mayHaveBeenSent: true)
        }
    }

    private static func failure(for error: HTTPClientError) -> OutgoingFailure {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
            OutgoingFailure(code: .connectTimeout, mayHaveBeenSent: false)
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath:
            OutgoingFailure(code: .invalidRequest, mayHaveBeenSent: false)
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            OutgoingFailure(code: .timeout, mayHaveBeenSent: true)
        case .remoteConnectionClosed: OutgoingFailure(code: .connectionClosed, mayHaveBeenSent: true)
        case .cancelled: OutgoingFailure(code: .cancelled, mayHaveBeenSent: true)
        default: OutgoingFailure(code: .other, mayHaveBeenSent: true)
        }
    }
}

/// Requests without headers and body: most calls go to a few addresses, whose parts are then taken apart once.
private final class KnownRequests: Sendable {
    private static let countMax = 64

    private let requests = Mutex<[String: HTTPClient.Request]>([:])

    func request(_ method: String, _ url: String) throws -> HTTPClient.Request {
        let name = method + " " + url
        if let known = requests.withLock({ $0[name] }) { return known }
        let request = try HTTPClient.Request(url: url, method: HTTPMethod(rawValue: method))
        requests.withLock { requests in
            // Those with identifiers in them do not come again; the others are soon back.
            if requests.count >= Self.countMax { requests.removeAll(keepingCapacity: true) }
            requests[name] = request
        }
        return request
    }
}
