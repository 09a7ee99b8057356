import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Shared

/// Calls the installation as a merchant would.
enum API {
    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: JSONValue
        var text = ""
    }

    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    static func get(_ url: String, headers: [(String, String)] = []) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        return try await send(request)
    }

    static func post(_ url: String, _ body: JSONValue? = nil) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(try JSONCoding.encode(body))
        }
        return try await send(request)
    }

    private static func send(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await client.execute(request, timeout: .seconds(90))
        let body = try await response.body.collect(upTo: 32 << 20)
        let bytes = Array(body.readableBytesView)
        let value = (try? JSONCoding.decode(JSONValue.self, from: bytes)) ?? .null
        var headers: [String: String] = [:]
        for (name, text) in response.headers { headers[name.lowercased()] = text }
        return Answer(
            status: Int(response.status.code), headers: headers, body: value,
            text: String(decoding: bytes, as: UTF8.self))
    }
}

extension JSONValue {
    /// The value at a path of member names.
    subscript(path: String...) -> JSONValue? {
        path.reduce(self) { value, name in value?[name] }
    }
}
