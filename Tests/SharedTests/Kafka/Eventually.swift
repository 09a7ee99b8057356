import Testing

/// Waits until the condition holds; records an issue when it does not within the limit.
func eventually(
    within limit: Duration = .seconds(15),
    _ comment: Comment = "condition not reached in time",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard .now < deadline else {
            Issue.record(comment, sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Spreads a load over time, so that members come and go while it lasts; nothing is awaited by it.
func paceLoad() async throws {
    try await Task.sleep(for: .milliseconds(40))
}

/// Waits until a number has stayed what it is for a fifth of a second.
func settled(_ number: () -> Int) async throws {
    var (last, since) = (number(), ContinuousClock.now)
    try await eventually {
        let now = number()
        if now != last { (last, since) = (now, .now) }
        return ContinuousClock.now - since > .milliseconds(200)
    }
}
