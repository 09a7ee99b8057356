import Synchronization

/// The result of a class, to which the tasks that run it add.
final class ResultBox: Sendable {
    private let state = Mutex(HostileResult(name: ""))

    var value: HostileResult { state.withLock { $0 } }

    func update(_ change: (inout HostileResult) -> Void) {
        state.withLock { change(&$0) }
    }

    func set(_ result: HostileResult) {
        state.withLock { $0 = result }
    }
}

/// Numbers requests that several connections send.
final class RequestNumbers: Sendable {
    private let state = Atomic(0)

    /// The next number, each once.
    func next() -> Int { state.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// Something that is over, or not yet.
final class EndFlag: Sendable {
    private let state = Atomic(false)

    var isSet: Bool { state.load(ordering: .relaxed) }

    func set() { state.store(true, ordering: .relaxed) }
}
