import Providers
import Shared

/// Lets scenarios happen to one operation of one provider.
struct Examiner: Sendable {
    let world: World
    let operation: OperationDescription
    let fixture: OperationFixture

    init(_ world: World, _ operation: OperationDescription) throws {
        self.world = world
        self.operation = operation
        self.fixture = try world.fixture.operations[operation.operation.rawValue]
            .required("the fixture has no operation \(operation.operation.rawValue)")
    }

    /// The example to which everything but success happens.
    var example: Example {
        get throws { try fixture.examples.first.required("the operation has no example") }
    }

    func examine(_ scenario: Scenario) async throws {
        switch scenario {
        case .succeeds: try await succeeds()
        case .declined: try await isDeclined()
        case .providerError: try await providerError()
        case .throttled: try await throttled()
        case .timeoutBeforeEffect: try await timeout(.silence)
        case .timeoutAfterEffect: try await timeout(.silenceAfterEffect)
        case .cutConnection:
            try await strike(.cutAfterEffect, FailureShape(.noAnswer, isInDoubt: changesSomething, isTransient: true))
        case .malformedAnswer: try await malformedAnswers()
        case .wrongTypedAnswer: try await wrongTypedAnswers()
        case .hugeAnswer: try await hugeAnswer()
        case .callbackRepeated: try await callbackRepeated()
        case .callbacksReordered: try await callbacksReordered()
        case .callbackForged: try await callbackForged()
        case .callbackStale: try await callbackStale()
        case .smallestAmount: try await smallestAmount()
        case .largestAmount: try await largestAmount()
        case .refusedAmount: try await refusedAmounts()
        case .nothingSecret: try await nothingSecret()
        }
    }

    var changesSomething: Bool { operation.effect != .none }

    /// Throws unless the members that an example expects are there.
    func check(_ members: [String: JSONValue], of call: PreparedCall) throws {
        for (name, value) in call.example.expect {
            let wanted = try call.variables.fill(value)
            try require(
                members[name] == wanted,
                "\(call.example.name ?? "the example") expects \(name) \(wanted), but got \(members)")
        }
    }

    /// Makes an example's call, which must lead to what it expects, and a notification exactly when it is final.
    @discardableResult
    func checkedAnswer(to call: PreparedCall) async throws -> Answer {
        let answer = try await world.perform(call)
        try require(answer.isSuccess, "\(call.example.name ?? "the example") was answered \(answer)")
        try check(answer.members, of: call)
        try check(answer.notification, of: answer, call)
        return answer
    }

    private func check(_ notification: PendingNotification?, of answer: Answer, _ call: PreparedCall) throws {
        let state = answer.members["status"]?.stringValue ?? ""
        let isTold = !operation.operation.isSynchronous && (state == "ACCEPTED" || state == "FAILED")
        try require((notification != nil) == isTold, "the state \(state) was \(isTold ? "not " : "")notified")
        guard let message = notification?.message else { return }
        try require(message.isSuccessful == (state == "ACCEPTED"), "the notification contradicts the state \(state)")
        try require(message.shopTransactionID == call.reference, "the notification is about another payment")
        try require(
            message.providerName == world.description.notificationName, "the notification names another provider")
        let types = Set(world.description.methods.map(\.paymentType))
        try require(types.contains(message.paymentType), "no method has the paymentType \(message.paymentType)")
    }

    // MARK: The provider answers as it should

    func succeeds() async throws {
        var untried = Set(
            operation.operation.hasPaymentMethod
                ? world.description.methods.map(\.name).filter(operation.supports) : [])
        for example in fixture.examples {
            let methods: [String?] = operation.operation.hasPaymentMethod ? example.methods ?? untried.sorted() : [nil]
            for method in methods {
                if let method { untried.remove(method) }
                let call = try await world.prepare(operation, example, method: method)
                try await checkedAnswer(to: call)
            }
        }
        try require(untried.isEmpty, "no example has the methods \(untried.sorted())")
        try require(!fixture.examples.isEmpty, "the operation has no example")
    }

    func isDeclined() async throws {
        let example = fixture.declined
        try require(Answer.isRefusal(example.expect), "the declined example must expect KO or FAILED")
        for isDirect in [true, false] {
            let call = try await world.prepare(operation, example)
            try arm(example)
            if isDirect {
                try check(try await attempt(try world.direct(call)), of: call)
            } else {
                try await checkedAnswer(to: call)
            }
            try require(world.switchboard.disarm(), "the provider was not asked for what it refuses")
        }
    }

    /// Lets the provider answer what the example says instead of what the simulator would.
    func arm(_ example: Example) throws {
        guard let refusal = example.refusal else { return }
        let body = try JSONCoding.encode(refusal.body)
        let kind = Tampering.Kind.answer(
            status: refusal.status, headers: [("Content-Type", "application/json")], body: body)
        let index = try fixture.effectRequest.required("an example with a refusal needs the operation's effectRequest")
        world.switchboard.arm(Tampering(index: index, kind: kind))
    }

    /// An attempt that must have an answer.
    func attempt(_ call: DirectCall) async throws -> [String: JSONValue] {
        do throws(ProviderFailure) {
            return try await call.attempt(world.provider)
        } catch {
            throw NotConforming("an untroubled call failed: \(error)")
        }
    }
}

/// What a failed call tells, without its text.
struct FailureShape: Sendable, Equatable {
    var code: ProviderFailure.Code
    var isInDoubt: Bool
    /// Whether it may be repeated; `nil` for either.
    var isTransient: Bool?

    init(_ code: ProviderFailure.Code, isInDoubt: Bool, isTransient: Bool?) {
        self.code = code
        self.isInDoubt = isInDoubt
        self.isTransient = isTransient
    }

    func describes(_ failure: ProviderFailure) -> Bool {
        failure.code == code && failure.mayHaveHadEffect == isInDoubt
            && (isTransient.map { $0 == failure.isTransient } ?? true)
    }
}
