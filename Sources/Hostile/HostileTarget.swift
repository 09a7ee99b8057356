import Crypto
import Foundation

/// The server that is attacked, with what is needed to speak to it as a merchant and as a provider.
struct HostileTarget: Sendable {
    /// Its port on this machine.
    var port: Int
    /// A key that it accepts.
    var apiKey: String
    /// Secret of the demonstration provider's callbacks.
    var callbackSecret: String
    /// Its limit for a request to arrive.
    var readTimeout: Duration

    /// Settings that make a server one that these classes fit.
    static func settings(apiKey: String, callbackSecret: String) -> [String: String] {
        [
            "PGM_API_KEYS": apiKey, "GENERIC_PROVIDER_CALLBACK_SECRET": callbackSecret,
            "HTTP_READ_TIMEOUT_SECONDS": "2", "LOG_LEVEL": "error",
        ]
    }

    static let payPath = "/generic-provider/credit-cards/pay"
    static let goodBody = #"{"amount":"5.00","shopTransactionID":"zq7hostile","creditCardToken":"OK-1"}"#

    /// The head of a request, without the empty line at its end.
    func head(_ method: String = "POST", _ path: String = payPath, type: String = "application/json") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: hostile\r\nAuthorization: Bearer \(apiKey)\r\nContent-Type: \(type)\r\n"
    }

    /// A whole request with a body.
    func request(
        _ body: [UInt8], method: String = "POST", path: String = payPath, type: String = "application/json",
        extra: String = ""
    ) -> [UInt8] {
        Array((head(method, path, type: type) + extra + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
    }

    /// A whole request with a text as its body.
    func request(_ body: String, type: String = "application/json") -> String {
        String(decoding: request(Array(body.utf8), type: type), as: UTF8.self)
    }

    /// A request without a body.
    func get(_ path: String, method: String = "GET") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: hostile\r\nAuthorization: Bearer \(apiKey)\r\n\r\n"
    }

    /// A callback with a signature over some body, made so many seconds ago.
    func callback(_ body: String, signing signed: String? = nil, secret: String? = nil, age: Int64 = 0) -> String {
        let seconds = Int64(Date().timeIntervalSince1970) - age
        let key = SymmetricKey(data: Array((secret ?? callbackSecret).utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(seconds).\(signed ?? body)".utf8), using: key)
        let text = code.map { String(format: "%02x", $0) }.joined()
        return "POST /generic-provider/callback HTTP/1.1\r\nHost: hostile\r\nContent-Type: application/json\r\n"
            + "X-Generic-Signature: t=\(seconds),v1=\(text)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
