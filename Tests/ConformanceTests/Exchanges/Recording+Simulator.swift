import Providers
import Shared

/// The recorded requests against the simulator: it answers in the recorded shape.
extension Recording {
    func runSimulator(_ world: World) async throws {
        let operation = try Operation(rawValue: operation).flatMap { world.description.operation($0) }
            .required("the recording is of no operation of the provider")
        let prepared = try await world.prepare(
            operation, Example(prepare: prepare, callbacks: 0, expect: [:]), amount: 500)
        var names = prepared.variables
        names.values["key"] = UnguessableText.make()
        for (index, exchange) in exchanges.enumerated() {
            let request = try Self.outgoing(exchange.request, names, to: world.simulatorURL)
            let response = try await world.client.send(request)
            let text = String(decoding: response.body, as: UTF8.self)
            try require(
                response.statusCode == exchange.response.status,
                "the simulator answers \(response.statusCode) to request \(index + 1): \(text)")
            let found = try JSONCoding.decode(JSONValue.self, from: response.body)
            let differences = JSONShape.differences(of: found, from: exchange.response.json)
            try require(differences.isEmpty, "the simulator's answer \(index + 1): \(differences)")
            for (name, path) in exchange.bind ?? [:] {
                names.values[name] = try JSONShape.text(at: path, in: found)
                    .required("the simulator's answer \(index + 1) has nothing at \(path)")
            }
        }
    }

    private static func outgoing(
        _ recorded: RecordedExchange.Request, _ names: Variables, to base: String
    ) throws -> OutgoingRequest {
        var request = OutgoingRequest(
            method: recorded.method, url: base + (try names.fill(recorded.path)), timeout: .seconds(10))
        request.headers = try recorded.headers.map { .init($0.key, try names.fill($0.value)) }
        if let json = recorded.json {
            request.body = try JSONCoding.encode(try names.fill(json))
        } else if let form = recorded.form {
            let fields = try form.sorted { $0.key < $1.key }.map { name, value in
                FormText.encode(name) + "=" + FormText.encode(try names.fill(value))
            }
            request.body = Array(fields.joined(separator: "&").utf8)
        }
        return request
    }
}
