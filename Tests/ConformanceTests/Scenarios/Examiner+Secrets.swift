import Foundation
import Providers
import Shared

/// Nothing that must stay secret is in what the product writes, whatever happens to the call.
extension Examiner {
    func nothingSecret() async throws {
        let clean = try await cleanRun(try example)
        var secrets = Set(world.credentials)
        var texts: [(String, String)] = []
        for example in [try example, fixture.declined] {
            let call = try await world.prepare(operation, example)
            secrets.formUnion(call.secrets)
            try arm(example)
            let answer = try await world.perform(call)
            world.switchboard.disarm()
            texts.append(("an answer", "\(answer)"))
        }
        for status in [401, 422, 500, 200] {
            let call = try await world.prepare(operation, try example)
            secrets.formUnion(call.secrets)
            // A refusal passes the provider's words on to the merchant, whose own token may be among them.
            let kind = Self.echo(of: status == 422 ? Set(world.credentials) : secrets, status)
            let direct = try world.direct(call)
            texts.append(("a description of the command", "\(direct.call.reference)"))
            world.switchboard.arm(Tampering(index: index(in: clean), kind: kind))
            texts.append(("a failure", "\(await outcome(of: direct))"))
            world.switchboard.arm(Tampering(index: index(in: clean), kind: kind))
            texts.append(("an answer", "\(try await world.perform(call))"))
            world.switchboard.disarm()
        }
        var dumped = ""
        dump(world.provider, to: &dumped, maxDepth: 5)
        texts += [("the provider", "\(world.provider) \(dumped)"), ("the settings", "\(world.settings)")]
        try world.checkOutputs(of: secrets, and: texts)
        try checkThatSecretsWereSent(secrets)
    }

    /// Trouble in which the provider repeats what it was sent.
    private static func echo(of secrets: Set<String>, _ status: Int) -> Tampering.Kind {
        let repeated = secrets.sorted().joined(separator: " ")
        let body = Array(#"{"error":{"code":"\#(repeated)","type":"\#(repeated)","message":"\#(repeated)"}}"#.utf8)
        return .answer(status: status, headers: [("Content-Type", "application/json")], body: body)
    }

    /// Otherwise the search could find nothing at all.
    private func checkThatSecretsWereSent(_ secrets: Set<String>) throws {
        let sent = world.transport.requests.map { request in
            request.headers.map(\.value).joined() + String(decoding: request.body ?? [], as: UTF8.self)
        }
        try require(
            world.transport.requests.isEmpty || sent.contains { text in secrets.contains { text.contains($0) } },
            "no request to the provider carries any of the secrets that are searched for")
    }
}

extension World {
    /// Searches everything that the product has written: logs, metrics, records on the topics, and these texts.
    func checkOutputs(of secrets: Set<String>, and texts: [(String, String)]) throws {
        try require(!secrets.isEmpty && !secrets.contains(""), "there is no secret to search for")
        let metrics = MetricRegistry.process.exposition()
        let name = Data(description.name.value.utf8)
        try require(
            Data(metrics).range(of: name) != nil && !logs.bytes.isEmpty && !sender.records.isEmpty,
            "the outputs that are to be searched are not there")
        var outputs = texts.map { ($0.0, Data($0.1.utf8)) }
        outputs += [("a log", Data(logs.bytes)), ("the metrics", Data(metrics))]
        for record in sender.records {
            let parts = [record.key, record.value] + record.headers.map(\.value)
            outputs.append(("a record on \(record.topic)", Data(parts.flatMap { $0 ?? [] })))
        }
        for secret in secrets.map({ Data($0.utf8) }) {
            for (name, output) in outputs {
                try require(output.range(of: secret) == nil, "something secret is in \(name)")
            }
        }
    }
}
