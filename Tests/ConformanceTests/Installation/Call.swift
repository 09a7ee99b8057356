import HTTPTypes
import Providers
import Shared

@testable import Ingress

/// An example that everything before it has happened for.
struct PreparedCall: Sendable {
    let operation: OperationDescription
    let example: Example
    let method: String?
    /// Everything that is bound now.
    var variables: Variables
    let body: JSONValue?
    let query: [String: String]
    /// The callbacks that the preparation led to, in order.
    let callbacks: [RawCallback]

    var reference: String { variables.values["reference"] ?? "" }
    /// What of its body must appear in no output.
    var secrets: [String] { [variables.values["secret"] ?? ""] }
}

/// What the merchant, or the merchant's endpoint, learns.
struct Answer: Sendable {
    /// The HTTP status; 0 of an asynchronous command that ended as a dead letter.
    var status: Int
    /// The body's members; of `check` and callbacks the state as `status`.
    var members: [String: JSONValue]
    /// The command; `nil` when none was made.
    var commandID: CommandID?
    /// The notification that the result carries.
    var notification: PendingNotification?

    var isSuccess: Bool { status == 200 }
    /// Whether it says that the provider refused, or that the payment failed.
    var isRefusal: Bool { Self.isRefusal(members) }

    static func isRefusal(_ members: [String: JSONValue]) -> Bool {
        members["result"]?.stringValue == "KO" || members["status"]?.stringValue == "FAILED"
    }
}

extension World {
    /// Lets everything happen that comes before an example.
    /// - Parameter amount: Minor units that stand for `{{amount}}`.
    func prepare(
        _ operation: OperationDescription, _ example: Example, method: String? = nil, amount: Int64 = 1230
    ) async throws -> PreparedCall {
        var variables = variables
        variables.values["reference"] = UnguessableText.make()
        variables.values["secret"] = UnguessableText.make()
        variables.values["amount"] = Money(minorUnits: amount).decimalString
        let limits = try limits(of: .pay)
        let paid = min(max(amount, limits.lowerBound), limits.upperBound)
        variables.values["paid"] = Money(minorUnits: paid).decimalString
        for step in try flattened(example.prepare ?? []) { try await take(step, &variables) }
        var callbacks: [RawCallback] = []
        if operation.operation == .callback {
            callbacks = try await received(example.callbacks ?? 1, variables)
        }
        return PreparedCall(
            operation: operation, example: example, method: try self.method(of: operation, example, method),
            variables: variables, body: try example.body.map { try variables.fill($0) },
            query: try (example.query ?? [:]).mapValues { try variables.fill($0) }, callbacks: callbacks)
    }

    /// The amounts that the provider takes, in minor units.
    func limits(of operation: Shared.Operation) throws -> ClosedRange<Int64> {
        let limits = fixture.operations[operation.rawValue]?.limits
        let smallest = try limits?.smallest.map { try Money.parse($0).minorUnits } ?? 1
        let largest = try limits?.largest.map { try Money.parse($0).minorUnits } ?? Self.largestAmount
        return smallest...largest
    }

    /// The largest amount that the product takes, in cents.
    static let largestAmount: Int64 = 999_999_999_999

    private func method(of operation: OperationDescription, _ example: Example, _ wanted: String?) throws -> String? {
        guard operation.operation.hasPaymentMethod else { return nil }
        if let wanted { return wanted }
        let first = description.methods.map(\.name).first { name in
            operation.supports(method: name) && (example.methods?.contains(name) ?? true)
        }
        return try first.required("no method of the description has \(operation.operation.rawValue)")
    }

    private func flattened(_ steps: [Step]) throws -> [Step] {
        try steps.flatMap { step in
            guard case .sequence(let name) = step else { return [step] }
            return try flattened(try (fixture.sequences?[name]).required("the fixture has no sequence \(name)"))
        }
    }

    private func take(_ step: Step, _ variables: inout Variables) async throws {
        switch step {
        case .sequence: return
        case .request(let method, let url):
            let request = OutgoingRequest(method: method, url: try variables.fill(url), timeout: .seconds(10))
            let response = try await client.send(request)
            try require(
                [200, 201, 202, 303].contains(response.statusCode),
                "the step \(method) \(url) of the fixture was answered \(response.statusCode)")
            if let value = try? JSONCoding.decode(JSONValue.self, from: response.body), let members = value.objectValue
            {
                variables.bind(members)
            }
        case .operation(let name, let method, let body):
            let operation = try Operation(rawValue: name).flatMap { description.operation($0) }
                .required("the fixture's step \(name) is no operation of the provider")
            let example = Example(methods: method.map { [$0] }, body: body, expect: [:])
            let call = PreparedCall(
                operation: operation, example: example, method: try self.method(of: operation, example, method),
                variables: variables, body: try variables.fill(body), query: [:], callbacks: [])
            let answer = try await perform(call)
            try require(
                answer.isSuccess && !answer.isRefusal, "the fixture's step \(name) led to \(answer.members)")
            variables.bind(answer.members)
        }
    }

    /// The callbacks about a payment, once there are so many.
    func received(_ count: Int, _ variables: Variables) async throws -> [RawCallback] {
        let names = ["reference", "paymentID"].compactMap { variables.values[$0] }
        return try await eventually("\(count) callbacks of the payment") {
            let found = switchboard.callbacks.filter { callback in
                let text = String(decoding: callback.body, as: UTF8.self) + callback.query.map(\.value).joined()
                return names.contains { text.contains($0) }
            }
            return found.count >= count ? found : nil
        }
    }
}

extension World {
    /// Makes the call as the merchant, or the provider's callback, does.
    func perform(_ call: PreparedCall) async throws -> Answer {
        if call.operation.operation == .callback {
            return try await deliver(try call.callbacks.last.required("the example has no callback"))
        }
        let parts = [description.name.value, call.method, call.operation.operation.rawValue].compactMap { $0 }
        let path = "/" + parts.joined(separator: "/")
        let route = try RouteTable.match(path: path)?.pattern.targets.first.required("there is no route \(path)")
        var request = OutgoingRequest(
            method: route?.method.rawValue ?? "", url: ingressURL + path, timeout: .seconds(20))
        if let body = call.body {
            request.headers = [.init("Content-Type", "application/json")]
            request.body = try JSONCoding.encode(body)
        } else {
            request.url += "?" + call.query.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "&")
        }
        return try await answer(to: request)
    }

    /// Hands a callback to the ingress.
    func deliver(_ callback: RawCallback) async throws -> Answer {
        let hidden: Set = ["host", "content-length", "transfer-encoding", "connection"]
        var request = OutgoingRequest(
            method: callback.method, url: ingressURL + "/" + description.name.value + "/callback",
            headers: callback.headers.filter { !hidden.contains($0.key) }.map { .init($0.key, $0.value) },
            body: callback.method == "GET" ? nil : callback.body, timeout: .seconds(20))
        let query = callback.query.map { FormText.encode($0.name) + "=" + FormText.encode($0.value) }
        if !query.isEmpty { request.url += "?" + query.joined(separator: "&") }
        return try await answer(to: request)
    }

    private func answer(to request: OutgoingRequest) async throws -> Answer {
        let response = try await client.send(request)
        let value = try? JSONCoding.decode(JSONValue.self, from: response.body)
        let members = value?.objectValue ?? [:]
        let id = response.headers["x-request-id"].flatMap { CommandID($0) }
        var answer = Answer(status: response.statusCode, members: members, commandID: id)
        guard (200...202).contains(response.statusCode), let id, hasCommand(id) else {
            answer.commandID = nil
            return answer
        }
        // Only synchronous commands are answered with what became of them.
        let isAsynchronous = response.statusCode == 202 || response.body.isEmpty
        guard isAsynchronous else {
            answer.notification = try result(of: id)?.notification
            return answer
        }
        let ended = try await eventually("the result of a command") { try ending(of: id) }
        answer.status = ended == nil ? 0 : 200
        answer.members = ended.map { ["status": .string($0.outcome)] } ?? [:]
        answer.notification = ended?.notification
        return answer
    }

    private func hasCommand(_ id: CommandID) -> Bool {
        commands.contains { $0.id == id }
    }

    /// Every command that was published.
    var commands: [Command] {
        sender.stored(in: codec.topics.commands(of: description.name)).compactMap { try? codec.command(from: $0) }
    }

    private func result(of id: CommandID) throws -> ResultEvent? {
        try sender.stored(in: codec.topics.results).map { try codec.result(from: $0) }.last { $0.commandID == id }
    }

    /// The result of a command, or the absence of one when it became a dead letter; `nil` while it runs.
    ///
    /// What another lane learns is told by the payment's home, in a result of its own.
    private func ending(of id: CommandID) throws -> ResultEvent?? {
        let results = try sender.stored(in: codec.topics.results).map { try codec.result(from: $0) }
            .filter { $0.commandID == id }
        let tasks = try sender.stored(in: codec.topics.commands(of: description.name))
            .filter { codec.isTask($0) }.map { try codec.task(from: $0) }.count { $0.id == id }
        if let last = results.last, results.count > tasks { return .some(last) }
        let isDead = try sender.stored(in: codec.topics.deadLetters).contains { message in
            try codec.command(from: codec.deadLetter(from: message).original).id == id
        }
        return isDead ? .some(nil) : nil
    }
}
