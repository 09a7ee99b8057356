import Crypto
import Foundation
import HummingbirdCore
import Providers
import Shared

@testable import Worker

extension FuzzTarget {
    /// The first byte chooses the operation, the second how it is asked for; then come the provider's answers.
    static let providerAnswer = FuzzTarget(
        "provider-answer", covers: "the answers of every provider to every operation, and what is made of them"
    ) { bytes in
        let cases = Fixture.cases.filter { $0.operation.operation != .callback }
        guard bytes.count > 2 else { return }
        let chosen = cases[Int(bytes[0]) % cases.count]
        let transport = ScriptedAnswers(Fixture.parts(bytes.dropFirst(2), 16))
        let client = try Fixture.client(chosen.provider, transport)
        let command = command(chosen)
        let call = ProviderCall(command, idempotencyKey: "effect", timeout: .seconds(5))
        do throws(ProviderFailure) {
            switch bytes[1] % 3 {
            case 0: try checkLeadsNowhereWrong(Outcome(answer: try await client.execute(call)))
            case 1: try checkNotified(try await client.observe(call), chosen.description, command)
            default:
                let answer = try await client.reconcile(call)
                if let answer { try checkLeadsNowhereWrong(Outcome(answer: answer)) }
            }
        } catch {
            try checkAnswered(error, command, chosen.operation)
        }
        try Finding.unless(
            transport.requestCount < ScriptedAnswers.requestsMax, "a provider can keep a client busy for ever")
    }

    /// The first byte chooses the provider, the method and whether the callback is signed; then come the signature or
    /// the query, the body, and the provider's answers to what is asked then.
    static let callback = FuzzTarget(
        "callback", covers: "callback signatures, queries and events of every provider"
    ) { bytes in
        guard let first = bytes.first else { return }
        let provider = ProviderRegistry.all[Int(first >> 2) % ProviderRegistry.all.count]
        let isSigned = first & 1 == 1
        let parts = Fixture.parts(bytes.dropFirst(), 8)
        let transport = ScriptedAnswers(Array(parts.dropFirst(2)))
        let client = try Fixture.client(provider, transport)
        let callback = rawCallback(parts, method: first & 2 == 2 ? "GET" : "POST", isSigned: isSigned)
        let notice: CallbackNotice
        do throws(CallbackRejection) {
            notice = try client.authenticate(callback)
        } catch {
            if case .unreadable(let text) = error {
                try Finding.unless(isSigned, "something was read of a callback that is not authentic")
                try Finding.unless(!text.isEmpty && !text.contains(Fixture.secret), "a refusal without a clean reason")
            }
            return
        }
        try Finding.unless(isSigned, "a callback that nobody signed is authentic")
        guard case .payment(let reference) = notice else { return }
        let names = [reference.shopTransactionID, reference.paymentID].compactMap { $0 }
        try Finding.unless(
            !names.isEmpty && names.allSatisfy(PaymentReference.isWellFormed), "a callback with an ill-formed reference"
        )
        let command = Command(
            id: Fixture.id, provider: provider.description.name, operation: .callback, reference: reference,
            acceptedAtMilliseconds: Fixture.nowMilliseconds, payload: CommandPayload(callback: callback))
        try checkStored(command)
        let call = ProviderCall(command, idempotencyKey: "effect", timeout: .seconds(5))
        do throws(ProviderFailure) {
            try checkNotified(try await client.observe(callback, call: call), provider.description, command)
        } catch {
            try Finding.unless(!error.explanation.contains(Fixture.secret), "a failure tells a credential")
        }
    }

    /// The smallest valid call of an operation.
    private static func command(_ chosen: Fixture.Case) -> Command {
        let amount = chosen.body["amount"]?.stringValue.flatMap { try? Money.parse($0) }
        return Command(
            id: Fixture.id, provider: chosen.description.name, operation: chosen.operation.operation,
            paymentMethod: chosen.method?.name,
            reference: PaymentReference(shopTransactionID: "order-1", paymentID: "payment-1"), amount: amount,
            acceptedAtMilliseconds: Fixture.nowMilliseconds, payload: CommandPayload(body: chosen.body))
    }

    private static func rawCallback(_ parts: [[UInt8]], method: String, isSigned: Bool) -> RawCallback {
        let (line, body) = (Fixture.text(parts[0]), parts.count > 1 ? parts[1] : [])
        let seconds = Fixture.nowMilliseconds / 1000
        var query: [RawCallback.Parameter] = []
        var signature = line
        if method == "GET" {
            query = URI("/?" + line).queryParameters.map { .init(name: String($0.key), value: String($0.value)) }
            query.append(.init(name: "t", value: String(seconds)))
            if isSigned {
                query.removeAll { $0.name == "signature" }
                let signed = ["eventId", "paymentId", "reference", "status", "t"].map { name in
                    name + "=" + (query.first { $0.name == name }?.value ?? "")
                }
                query.append(.init(name: "signature", value: code(Array(signed.joined(separator: "&").utf8))))
            }
        } else if isSigned {
            signature = "t=\(seconds),v1=" + code(Array("\(seconds).".utf8) + body)
        }
        let headers = ["x-generic-signature": signature, "stripe-signature": signature]
        return RawCallback(method: method, headers: headers, query: query, body: body)
    }

    private static func code(_ bytes: [UInt8]) -> String {
        let key = SymmetricKey(data: Array(Fixture.secret.utf8))
        return HMAC<SHA256>.authenticationCode(for: bytes, using: key).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }
}

extension FuzzTarget {
    /// An answer can be written, and holds no credential.
    private static func checkLeadsNowhereWrong(_ outcome: Outcome) throws(ProviderFailure) {
        guard let body = outcome.body else { throw finding("an answer cannot be written") }
        guard !Fixture.text(body).contains(Fixture.secret) else { throw finding("an answer tells a credential") }
    }

    /// What is observed can be recorded and notified, and holds no credential.
    private static func checkNotified(
        _ observation: PaymentObservation, _ description: ProviderDescription, _ command: Command
    ) throws(ProviderFailure) {
        var result = ResultEvent(
            commandID: command.id, provider: description.name, operation: command.operation,
            reference: observation.reference, amount: observation.amount, outcome: observation.status.rawValue,
            occurredAtMilliseconds: Fixture.nowMilliseconds)
        let state = NotificationFactory.state(of: observation, description, fallback: command.reference)
        result.notification = NotificationFactory.notification(of: state, description, command.reference)
        do {
            try checkStored(result)
            let written = try JSONCoding.encode(result.notification?.message)
            try Finding.unless(!Fixture.text(written).contains(Fixture.secret), "a notification tells a credential")
            try Finding.unless((observation.amount?.minorUnits ?? 0) >= 0, "an observed amount is negative")
        } catch {
            throw finding("\(error)")
        }
    }

    /// A failure is answered, and a call in doubt is not answered as refused.
    private static func checkAnswered(
        _ failure: ProviderFailure, _ command: Command, _ operation: OperationDescription
    ) throws {
        try Finding.unless(!failure.explanation.hasPrefix(findingMark), failure.explanation)
        let outcome = Outcome(failure: failure, command, operation)
        let text = Fixture.text(outcome.body ?? [])
        try Finding.unless(!text.isEmpty, "a failure cannot be answered")
        try Finding.unless(!text.contains(Fixture.secret), "a failure tells a credential")
        try Finding.unless(outcome.statusCode >= 400, "a failure is answered as a success")
        let isInDoubt = failure.mayHaveHadEffect && operation.effect != .none
        try Finding.unless(
            !isInDoubt || [502, 504].contains(outcome.statusCode), "a call in doubt is answered as none")
    }

    private static let findingMark = "finding: "

    /// A finding within a call whose only error is a failure.
    private static func finding(_ text: String) -> ProviderFailure {
        ProviderFailure(.providerError, mayHaveHadEffect: false, isTransient: false, findingMark + text)
    }
}
