import Providers
import Shared

@testable import Ingress

/// A call as the worker makes it, without the worker, so that each attempt's outcome is seen.
struct DirectCall: Sendable {
    let call: ProviderCall
    let callback: RawCallback?

    /// Makes one attempt; the same call made again is a repeat with the same key.
    func attempt(_ provider: any PaymentProvider) async throws(ProviderFailure) -> [String: JSONValue] {
        switch call.operation {
        case .status, .check: return Self.members(try await provider.observe(call))
        case .callback:
            guard let callback else { throw Self.callbackMissing }
            return Self.members(try await provider.observe(callback, call: call))
        default: return Self.members(try await provider.execute(call))
        }
    }

    private static let callbackMissing = ProviderFailure(
        .requestRefused, mayHaveHadEffect: false, isTransient: false, "no callback")

    private static func members(_ observation: PaymentObservation) -> [String: JSONValue] {
        ["status": .string(observation.status.rawValue)]
    }

    static func members(_ answer: ProviderAnswer) -> [String: JSONValue] {
        switch answer {
        case .object(let members): return members
        case .payment(let reply):
            let bytes = (try? JSONCoding.encode(reply)) ?? []
            return (try? JSONCoding.decode(JSONValue.self, from: bytes))?.objectValue ?? [:]
        }
    }
}

extension World {
    /// The command of an example as the ingress makes it, ready to be executed.
    func direct(_ prepared: PreparedCall) throws -> DirectCall {
        let factory = CommandFactory(description: description, operation: prepared.operation)
        let now = clock.clock.unixMilliseconds
        let id = CommandID.make(atUnixMilliseconds: now)
        let command: Command
        let callback = prepared.operation.operation == .callback ? prepared.callbacks.last : nil
        if let callback {
            guard case .payment(let reference) = try provider.authenticate(callback) else {
                throw NotConforming("the example's callback is about no payment")
            }
            command = factory.command(callback: callback, reference: reference, id: id, now: now)
        } else if let body = prepared.body {
            command = try factory.command(
                body: try JSONCoding.encode(body), id: id, from: RequestIdentity(caller: "conformance"),
                method: prepared.method.flatMap(description.method), now: now)
        } else {
            command = try factory.command(
                query: prepared.query.map { .init(name: $0.key, value: $0.value) }, id: id, now: now)
        }
        return DirectCall(
            call: ProviderCall(command, idempotencyKey: "conformance-" + id.value, timeout: .seconds(10)),
            callback: callback)
    }

    /// What the simulator really charged and gave back for a payment, without identifiers and times.
    func account(_ reference: String) async throws -> JSONValue {
        let request = OutgoingRequest(
            method: "GET", url: simulatorURL + "/__accounts?reference=" + reference, timeout: .seconds(10))
        let report = try JSONCoding.decode(JSONValue.self, from: try await client.send(request).body)
        return Self.withoutIdentifiers(report["accounts"] ?? .null)
    }

    private static func withoutIdentifiers(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): .array(elements.map(withoutIdentifiers))
        case .object(let members):
            .object(
                members.filter { !["paymentID", "createdAt", "reference"].contains($0.key) }
                    .mapValues(withoutIdentifiers))
        default: value
        }
    }
}
