import Shared
import Synchronization

/// One request to a provider and what came back.
struct Exchange: Sendable {
    var request: OutgoingRequest
    var response: OutgoingResponse?
}

/// Sends by the product's client and remembers everything.
final class RecordingTransport: HTTPTransport {
    private let client: OutgoingHTTPClient
    private let exchanges = Mutex<[Exchange]>([])
    private let all = Mutex<[OutgoingRequest]>([])
    /// The requests until one that has little time, and its time.
    private let impatience = Mutex<(count: Int, timeout: Duration)?>(nil)

    init(_ client: OutgoingHTTPClient) {
        self.client = client
    }

    /// What was exchanged since the last time.
    func take() -> [Exchange] {
        exchanges.withLock { exchanges in
            defer { exchanges = [] }
            return exchanges
        }
    }

    /// Every request ever sent.
    var requests: [OutgoingRequest] { all.withLock { $0 } }

    /// Gives one of the requests that come from now on little time, counted from 0.
    func hurry(requestAt index: Int, to timeout: Duration) {
        impatience.withLock { $0 = (index, timeout) }
    }

    private func patience(for request: OutgoingRequest) -> OutgoingRequest {
        var request = request
        impatience.withLock { impatience in
            guard let (count, timeout) = impatience else { return }
            if count == 0 { request.timeout = timeout }
            impatience = count == 0 ? nil : (count - 1, timeout)
        }
        return request
    }

    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        let request = patience(for: request)
        all.withLock { $0.append(request) }
        do {
            let response = try await client.send(request)
            exchanges.withLock { $0.append(Exchange(request: request, response: response)) }
            return response
        } catch {
            exchanges.withLock { $0.append(Exchange(request: request, response: nil)) }
            throw error
        }
    }
}

/// Gives recorded answers again, one of them with another body; nothing is sent.
final class ReplayTransport: HTTPTransport {
    private let exchanges: [Exchange]
    private let index: Int
    private let body: [UInt8]
    private let count = Mutex(0)

    /// - Parameter index: The exchange whose answer has the other body.
    init(_ exchanges: [Exchange], replacing index: Int, by body: [UInt8]) {
        self.exchanges = exchanges
        self.index = index
        self.body = body
    }

    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        let position = count.withLock { count in
            defer { count += 1 }
            return count
        }
        // A request that the tampered answer led to gets what the same one got before, if there was one.
        let isNext = exchanges.indices.contains(position) && Self.isSame(exchanges[position].request, request)
        let found = isNext ? position : exchanges.firstIndex { Self.isSame($0.request, request) }
        guard let found, var response = exchanges[found].response else {
            throw OutgoingFailure(code: .other, mayHaveBeenSent: true)
        }
        if found == index { response.body = body }
        return response
    }

    private static func isSame(_ one: OutgoingRequest, _ other: OutgoingRequest) -> Bool {
        one.method == other.method && one.url == other.url
    }
}
