import HTTPTypes
import Providers
import Shared

/// The client against the recorded answers: it sends the recorded requests, and reads the outcome as it should.
extension Recording {
    func runClient(_ world: World) async throws {
        var names = world.variables
        names.values["reference"] = "ORDER-42"
        for (name, value) in variables ?? [:] { names.values[name] = value }
        let call = try self.call(world, names)
        names.values["key"] = call.call.idempotencyKey
        let url = try names.fill("{{callbacks}}").replacing(Switchboard.collectPath, with: "|").prefix { $0 != "|" }
        var replayed = names
        replayed.values["simulator"] = url + Switchboard.replayPath
        let server = ReplayServer(
            try exchanges.map { ($0.response.status, try JSONCoding.encode(try names.fill($0.response.json))) })
        world.switchboard.use(server)
        let provider = type(of: world.provider).init(
            settings: try World.settings(
                of: world.description, world.fixture, replayed, publicURL: String(url)),
            transport: world.client, clock: world.clock.clock)
        var members: [String: JSONValue] = [:]
        var failed: ProviderFailure?
        do throws(ProviderFailure) {
            members = try await call.attempt(provider)
        } catch {
            failed = error
        }
        try check(server.received, names)
        try require(failed?.code.rawValue == failure, "the client failed as \(failed.map { "\($0)" } ?? "none")")
        for (name, value) in expect ?? [:] {
            let wanted = try names.fill(value)
            try require(members[name] == wanted, "the client expects \(name) \(wanted), but answers \(members)")
        }
        try require((expect == nil) != (failure == nil), "the recording must expect a reply or a failure")
    }

    private func call(_ world: World, _ names: Variables) throws -> DirectCall {
        let operation = try Operation(rawValue: operation).flatMap { world.description.operation($0) }
            .required("the recording is of no operation of the provider")
        let method = method ?? world.description.methods.first?.name
        return try world.direct(
            PreparedCall(
                operation: operation, example: Example(expect: [:]), method: method, variables: names,
                body: try body.map { try names.fill($0) }, query: try (query ?? [:]).mapValues { try names.fill($0) },
                callbacks: []))
    }

    private func check(_ received: [ReplayServer.Received], _ names: Variables) throws {
        for (index, pair) in zip(exchanges, received).enumerated() {
            let (recorded, sent) = (pair.0.request, pair.1)
            let place = "request \(index + 1)"
            let path = try names.fill(recorded.path)
            try require(
                sent.method == recorded.method && sent.path == path,
                "\(place) is \(sent.method) \(sent.path), not \(recorded.method) \(path)")
            for (name, value) in recorded.headers {
                let wanted = try names.fill(value)
                let found = HTTPField.Name(name).flatMap { sent.headers[$0] }
                try require(found == wanted, "\(place) has the header \(name): \(found ?? "-"), not \(wanted)")
            }
            try check(sent.body, recorded, names, place)
        }
        try require(
            received.count == exchanges.count,
            "the client sent \(received.count) requests, the recording has \(exchanges.count)")
    }

    private func check(
        _ body: [UInt8], _ recorded: RecordedExchange.Request, _ names: Variables, _ place: String
    ) throws {
        if let json = recorded.json {
            let wanted = try names.fill(json)
            let found = try? JSONCoding.decode(JSONValue.self, from: body)
            try require(found == wanted, "\(place) has the body \(String(decoding: body, as: UTF8.self))")
        } else {
            let fields = FormText.decode(String(decoding: body, as: UTF8.self))
            let found = Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $0 + "," + $1 })
            var wanted: [String: String] = [:]
            for (name, value) in recorded.form ?? [:] { wanted[name] = try names.fill(value) }
            try require(found == wanted, "\(place) has the form \(found), not \(wanted)")
        }
    }
}
