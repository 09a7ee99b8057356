import Providers
import Shared
import Synchronization

@testable import Ingress

/// What the decoders are given beside the input.
enum Fixture {
    /// Divides the parts of an input: the one byte that is in no UTF-8 text.
    static let separator: UInt8 = 0xFF
    static let nowMilliseconds: Int64 = 1_790_000_000_000
    static let clock = WallClock { nowMilliseconds }
    static let id = CommandID("01JZ0000000000000000000000") ?? .make(atUnixMilliseconds: nowMilliseconds)
    static let keys = SealingKeyRing.random()
    static let codec = MessageCodec(topics: TopicNames(), source: "fuzz", keys: keys)
    /// Credential of every provider: nobody can guess it, so whatever passes without it is a finding.
    static let secret = "secret" + String(UInt64.random(in: .min ... .max), radix: 36)

    /// An operation of a provider, with one of its payment methods.
    struct Case: Sendable {
        let provider: any PaymentProvider.Type
        let operation: OperationDescription
        let method: PaymentMethodDescription?
        var description: ProviderDescription { provider.description }
        /// The smallest valid body.
        var body: [String: JSONValue] { operation.body.map(ExampleMaker.object) ?? [:] }
    }

    /// Every operation of every provider, once for each method that has it.
    static let cases: [Case] = ProviderRegistry.all.flatMap { provider in
        provider.description.operations.flatMap { operation in
            let methods = provider.description.methods.filter { operation.supports(method: $0.name) }
            return operation.operation.hasPaymentMethod
                ? methods.map { Case(provider: provider, operation: operation, method: $0) }
                : [Case(provider: provider, operation: operation, method: nil)]
        }
    }

    private static let settings: [ProviderName: ProviderSettings] = {
        var all: [ProviderName: ProviderSettings] = [:]
        for provider in ProviderRegistry.all {
            let description = provider.description
            var environment: [String: String] = [:]
            for setting in description.settings {
                let isURL = setting.kind == .url
                environment[description.name.settingPrefix + "_" + setting.name] =
                    isURL ? "http://provider.invalid" : (setting.kind == .secret ? secret : setting.fallback)
            }
            var reader = SettingsReader(environment: environment)
            all[description.name] = ProviderSettings(
                description: description, reader: &reader, publicURL: "https://gateway.invalid")
        }
        return all
    }()

    /// A client of a provider in front of a transport.
    static func client(_ provider: any PaymentProvider.Type, _ transport: any HTTPTransport) throws
        -> any PaymentProvider
    {
        guard let settings = settings[provider.description.name] else { throw Finding("no settings") }
        return provider.init(settings: settings, transport: transport, clock: clock)
    }

    /// The record as it is read back.
    static func read(_ record: KafkaRecord) -> KafkaMessage {
        KafkaMessage(
            topic: record.topic, partition: record.partition, offset: 0, key: record.key, value: record.value,
            headers: record.headers)
    }

    /// The parts of an input, without those after the given number.
    static func parts(_ bytes: some Collection<UInt8>, _ count: Int) -> [[UInt8]] {
        bytes.split(separator: separator, maxSplits: count - 1, omittingEmptySubsequences: false).map { Array($0) }
    }

    static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// Answers each request with the next part of an input, the last one for ever.
///
/// A part's first byte chooses the status. The text `@@` in it becomes the credential, as from a provider that repeats
/// what it was sent.
final class ScriptedAnswers: HTTPTransport {
    /// More requests than any operation needs: a client that goes on is one that a provider can keep busy for ever.
    static let requestsMax = 500
    private static let statuses = [
        200, 200, 200, 201, 202, 204, 301, 400, 401, 402, 403, 404, 409, 410, 412, 422, 424, 429, 500, 502, 503, 599,
    ]

    private let answers: [[UInt8]]
    private let count = Mutex(0)

    init(_ answers: [[UInt8]]) {
        self.answers = answers
    }

    var requestCount: Int { count.withLock { $0 } }

    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse {
        let number = count.withLock { count in
            defer { count += 1 }
            return count
        }
        guard number < Self.requestsMax, let answer = answers.indices.contains(number) ? answers[number] : answers.last,
            let choice = answer.first, choice < 0xF0
        else { throw OutgoingFailure(code: .timeout, mayHaveBeenSent: true) }
        let body = Fixture.text(answer.dropFirst()).replacing("@@", with: Fixture.secret)
        return OutgoingResponse(
            statusCode: Self.statuses[Int(choice) % Self.statuses.count],
            headers: ["retry-after": String(choice), "content-type": "application/json"], body: Array(body.utf8))
    }
}
