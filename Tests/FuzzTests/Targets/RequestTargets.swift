import HummingbirdCore
import Providers
import Shared

@testable import Ingress

extension FuzzTarget {
    /// The first byte chooses the operation, the rest is the body.
    static let requestBody = FuzzTarget("request-body", covers: "the request body of every operation") { bytes in
        let cases = Fixture.cases.filter { $0.operation.body != nil }
        guard let first = bytes.first else { return }
        let chosen = cases[Int(first) % cases.count]
        let factory = CommandFactory(description: chosen.description, operation: chosen.operation)
        let command: Command
        do throws(ErrorResponse) {
            command = try factory.command(
                body: Array(bytes.dropFirst()), id: Fixture.id, from: RequestIdentity(caller: "fuzz", key: "key"),
                method: chosen.method, now: Fixture.nowMilliseconds)
        } catch {
            try check(error, isOneOf: [.invalidJSON, .invalidField])
            return
        }
        try checkStored(command)
        if let amount = command.amount {
            try Finding.unless(amount.minorUnits >= 0, "an accepted amount is negative")
        }
    }

    /// Path and query of a request; the first byte chooses the operation that reads the query.
    static let requestTarget = FuzzTarget("request-target", covers: "paths, queries, and what they name") { bytes in
        guard let first = bytes.first else { return }
        let uri = URI(Fixture.text(bytes.dropFirst()))
        let match = RouteTable.match(path: uri.path)
        let providers = EnabledProviders(
            try ProviderRegistry.all.map { try Fixture.client($0, ScriptedAnswers([])) })
        if let match {
            for case .operation(let operation) in match.pattern.targets.map(\.target) {
                do throws(RequestFailure) {
                    _ = try providers.resolve(match, operation)
                } catch {
                    try Finding.unless([404, 501].contains(error.error.statusCode), "a path is refused otherwise")
                }
            }
        }
        let query = uri.queryParameters.map { RawCallback.Parameter(name: String($0.key), value: String($0.value)) }
        let cases = Fixture.cases.filter { $0.operation.body == nil && $0.operation.operation != .callback }
        let chosen = cases[Int(first) % cases.count]
        let factory = CommandFactory(description: chosen.description, operation: chosen.operation)
        let command: Command
        do throws(ErrorResponse) {
            command = try factory.command(query: query, id: Fixture.id, now: Fixture.nowMilliseconds)
        } catch {
            try check(error, isOneOf: [.invalidParameter])
            return
        }
        let names = [command.reference.shopTransactionID, command.reference.paymentID].compactMap { $0 }
        try Finding.unless(!names.isEmpty, "a query without a reference is accepted")
        try Finding.unless(names.allSatisfy(PaymentReference.isWellFormed), "an ill-formed reference is accepted")
        try checkStored(command)
    }

    /// A refusal names what is wrong and can be written.
    private static func check(_ error: ErrorResponse, isOneOf codes: Set<ErrorCode>) throws {
        try Finding.unless(codes.contains(error.code), "refused as \(error.code.rawValue)")
        let details = error.details ?? []
        let isNamed = !details.isEmpty && details.allSatisfy { !$0.field.isEmpty && !$0.issue.isEmpty }
        try Finding.unless(error.code == .invalidJSON || isNamed, "a refusal names no field")
        try Finding.unless(!error.message.isEmpty, "a refusal has no message")
        let written = try JSONCoding.encode(error)
        try Finding.unless(
            try JSONCoding.decode(ErrorResponse.self, from: written) == error, "a refusal is not read back")
    }

    /// An accepted command can be stored, and the worker reads the same one.
    static func checkStored(_ command: Command) throws {
        let record = try Fixture.codec.record(for: command, partitionCount: 12)
        let read = try Fixture.codec.command(from: Fixture.read(record))
        try Finding.unless(read == command, "the worker reads another command than was stored")
    }
}
