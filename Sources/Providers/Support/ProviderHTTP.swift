import Shared

/// Sends one request to a provider and turns every way to get no usable answer into a ``ProviderFailure``.
struct ProviderHTTP: Sendable {
    /// Whether a request can change anything at the provider.
    enum Kind: Sendable {
        /// It only reads: its failure leaves no doubt behind.
        case read
        /// It may have its effect although the answer is lost.
        case effect
    }

    let transport: any HTTPTransport
    /// What must never come back in a text, even if the provider repeats it.
    let credentials: [Secret<String>]

    /// Most characters of a provider's own words that are passed on.
    static let textLengthMax = 300

    /// Sends the request; any HTTP status is an answer here.
    ///
    /// Credentials that the answer repeats are blotted out.
    func send(_ request: OutgoingRequest, _ kind: Kind) async throws(ProviderFailure) -> OutgoingResponse {
        do {
            var response = try await transport.send(request)
            response.body = withoutCredentials(response.body)
            return response
        } catch {
            let mayHaveHadEffect = kind == .effect && error.mayHaveBeenSent
            switch error.code {
            case .invalidRequest:
                throw ProviderFailure(
                    .requestRefused, mayHaveHadEffect: false, isTransient: false, "the request could not be sent")
            case .answerTooLarge:
                throw ProviderFailure(
                    .unusableAnswer, mayHaveHadEffect: mayHaveHadEffect, isTransient: false,
                    "the provider's answer is too large")
            case .connectionFailed, .connectTimeout:
                throw ProviderFailure(
                    .unreachable, mayHaveHadEffect: false, isTransient: true, "the provider cannot be reached")
            case .timeout, .connectionClosed, .cancelled, .other:
                throw ProviderFailure(
                    .noAnswer, mayHaveHadEffect: mayHaveHadEffect, isTransient: true, "the provider did not answer")
            }
        }
    }

    /// Reads a JSON answer of success; anything else than the expected shape is unusable.
    static func decode<Body: Decodable>(
        _ type: Body.Type, from response: OutgoingResponse, _ kind: Kind
    ) throws(ProviderFailure) -> Body {
        do {
            return try JSONCoding.decode(type, from: response.body)
        } catch {
            throw ProviderFailure(
                .unusableAnswer, mayHaveHadEffect: kind == .effect, isTransient: kind == .read,
                "the provider's answer cannot be read")
        }
    }

    /// A provider's words, cut to a length that answers and logs can bear.
    static func bounded(_ text: String) -> String {
        String(text.prefix(textLengthMax))
    }

    private func withoutCredentials(_ body: [UInt8]) -> [UInt8] {
        var clean = body
        for credential in credentials where !credential.exposed.isEmpty {
            clean = Self.replacing(Array(credential.exposed.utf8), in: clean)
        }
        return clean
    }

    /// The bytes with every occurrence of a pattern blotted out; usually there is none, and nothing is copied.
    private static func replacing(_ pattern: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8]?
        var copied = 0
        var index = 0
        while bytes.count - index >= pattern.count {
            guard bytes[index] == pattern[0], bytes[index..<index + pattern.count].elementsEqual(pattern) else {
                index += 1
                continue
            }
            result = (result ?? []) + bytes[copied..<index] + Array("***".utf8)
            index += pattern.count
            copied = index
        }
        return result.map { $0 + bytes[copied...] } ?? bytes
    }

    /// `Retry-After` in seconds, up to an hour; a date or anything else is ignored.
    static func retryAfter(_ response: OutgoingResponse) -> Duration? {
        guard let text = response.headers["retry-after"], let seconds = Int(text), seconds >= 0 else { return nil }
        return .seconds(min(seconds, 3600))
    }
}
