import Providers
import Shared

/// Amounts at the limits of the product and of the provider.
extension Examiner {
    func smallestAmount() async throws {
        let smallest = try world.limits(of: operation.operation).lowerBound
        try await isTaken(smallest)
        if smallest > 1 { try await isRefusedByProvider(1) }
        if smallest > 2 { try await isRefusedByProvider(smallest - 1) }
    }

    func largestAmount() async throws {
        let largest = try world.limits(of: operation.operation).upperBound
        try await isTaken(largest)
        if largest < World.largestAmount {
            try await isRefusedByProvider(largest + 1)
            try await isRefusedByProvider(World.largestAmount)
        }
    }

    /// The call succeeds, and the amount is in the simulator's account to the cent, wherever it has one.
    private func isTaken(_ amount: Int64) async throws {
        let call = try await world.prepare(operation, try example, amount: amount)
        try await checkedAnswer(to: call)
        let amounts = Self.amounts(in: try await world.account(call.reference))
        try require(
            amounts.isEmpty || amounts.contains(amount),
            "\(amount) minor units were asked for, but the simulator's account has \(amounts)")
    }

    /// What is beyond the provider's own limits reaches it and is refused by it.
    private func isRefusedByProvider(_ amount: Int64) async throws {
        let call = try await world.prepare(operation, try example, amount: amount)
        let answer = try await world.perform(call)
        try require(
            answer.isSuccess && answer.isRefusal, "\(amount) minor units are not refused by the provider: \(answer)")
    }

    private static func amounts(in account: JSONValue) -> [Int64] {
        switch account {
        case .array(let elements): elements.flatMap(amounts)
        case .object(let members):
            members.flatMap { name, value in
                name.hasSuffix("MinorUnits") ? [value.integerValue].compactMap { $0 } : amounts(in: value)
            }
        default: []
        }
    }

    /// Nothing, less than a cent, less than nothing, more than the largest: refused with the field's name, and never
    /// a command.
    func refusedAmounts() async throws {
        let call = try await world.prepare(operation, try example)
        let body = try call.body?.objectValue.required("the example has no body") ?? [:]
        try require(body["amount"] != nil, "the example has no amount")
        var refused = ["-0.01", "0.001", "10000000000.00", "99999999999999999999", "1e3", "", "5,00", " 5.00"]
        if !operation.takesZero { refused += ["0", "0.00"] }
        let count = world.commands.count
        for text in refused {
            var changed = body
            changed["amount"] = .string(text)
            let answer = try await world.perform(call.with(body: .object(changed)))
            let fields = answer.members["details"]?.arrayValue?.compactMap { $0["field"]?.stringValue } ?? []
            try require(
                answer.status == 400 && fields == ["amount"],
                "the amount \"\(text)\" was answered \(answer.status) about the fields \(fields)")
        }
        try require(world.commands.count == count, "a refused amount became a command")
    }
}

extension PreparedCall {
    /// The same call with another body.
    func with(body: JSONValue) -> PreparedCall {
        PreparedCall(
            operation: operation, example: example, method: method, variables: variables, body: body, query: query,
            callbacks: callbacks)
    }
}
