/// Waits until something is there; throws when it is not in time.
func eventually<Value: Sendable>(
    _ what: String, within limit: Duration = .seconds(10), _ find: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if let value = try await find() { return value }
        try await Task.sleep(for: .milliseconds(2))
    }
    throw NotConforming("not in time: \(what)")
}
