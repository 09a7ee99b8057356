import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// What came of a request.
enum Outcome: Sendable {
    case answer(status: Int, body: [UInt8])
    /// The connection failed or nothing came in time.
    case failure(String)

    /// Whether this is an answer with the status.
    func isAnswer(_ wanted: Int) -> Bool {
        if case .answer(wanted, _) = self { true } else { false }
    }

    /// For people.
    var text: String {
        switch self {
        case .answer(let status, let body): "\(status) \(String(decoding: body.prefix(300), as: UTF8.self))"
        case .failure(let reason): reason
        }
    }
}

/// Sends requests and knows how many commands have no answer yet.
final class ChaosClient: Sendable {
    private let client: HTTPClient
    private let unanswered = Atomic(0)
    private let total = Atomic(0)

    /// Longer than the ingress itself waits.
    static let answerLimitSeconds = 30
    private static let bodyBytesMax = 64 << 20

    init() {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(2), read: .seconds(Int64(Self.answerLimitSeconds)))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
        // A merchant's connection to a killed ingress fails at once; to repeat is up to the merchant.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Commands in flight.
    var inFlight: Int { unanswered.load(ordering: .relaxed) }

    /// Commands sent so far.
    var sent: Int { total.load(ordering: .relaxed) }

    /// Sends a command, which counts as in flight until its answer, or until its sender loses patience.
    func command(
        _ method: HTTPMethod, _ url: String, body: String? = nil, key: String? = nil,
        patienceSeconds: Int = answerLimitSeconds
    ) async -> Outcome {
        unanswered.add(1, ordering: .relaxed)
        total.add(1, ordering: .relaxed)
        defer { unanswered.subtract(1, ordering: .relaxed) }
        return await send(method, url, body: body, key: key, limitSeconds: patienceSeconds)
    }

    /// Sends what is no command.
    func send(
        _ method: HTTPMethod, _ url: String, body: String? = nil, key: String? = nil,
        limitSeconds: Int = answerLimitSeconds
    ) async -> Outcome {
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        if let key { request.headers.add(name: "Idempotency-Key", value: key) }
        do {
            let response = try await client.execute(request, timeout: .seconds(Int64(limitSeconds)))
            let answer = try await response.body.collect(upTo: Self.bodyBytesMax)
            return .answer(status: Int(response.status.code), body: Array(answer.readableBytesView))
        } catch {
            return .failure("\(error)")
        }
    }

    /// Passes a callback on as it is; 502 when nobody takes it.
    func relay(method: HTTPMethod, url: String, headers: HTTPHeaders, body: ByteBuffer) async -> Int {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = headers
        request.body = .bytes(body)
        guard let response = try? await client.execute(request, timeout: .seconds(10)) else { return 502 }
        guard (try? await response.body.collect(upTo: Self.bodyBytesMax)) != nil else { return 502 }
        return Int(response.status.code)
    }

    /// Gets and decodes; nil on any failure.
    func get<Value: Decodable>(_ type: Value.Type, _ url: String) async -> Value? {
        guard case .answer(200, let body) = await send(.GET, url) else { return nil }
        return try? JSONDecoder().decode(type, from: Data(body))
    }

    func shutdown() async { try? await client.shutdown() }
}
