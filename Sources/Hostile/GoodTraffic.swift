/// Latencies and failures of well-formed requests.
struct GoodSamples: Sendable {
    /// From the intended start of each request to its answer, sorted.
    var latencies: [Duration] = []
    /// Requests that were not answered 200.
    var failures = 0

    /// Adds another run's.
    mutating func add(_ other: GoodSamples) {
        latencies = (latencies + other.latencies).sorted()
        failures += other.failures
    }

    /// The latency that so many of a hundred requests do not exceed.
    func percentile(_ percent: Int) -> Duration {
        guard !latencies.isEmpty else { return .zero }
        return latencies[min(latencies.count - 1, latencies.count * percent / 100)]
    }
}

/// Payments and questions about them at a fixed rate, as merchants send them.
struct GoodTraffic: Sendable {
    /// The server.
    let target: HostileTarget
    /// Requests a second.
    let rate: Int

    /// Sends for so long, or until the other work ends when that takes longer.
    func run(beside work: @escaping @Sendable () async -> Void, atLeast time: Duration) async throws -> GoodSamples {
        let end = EndFlag()
        return try await withThrowingTaskGroup(of: GoodSamples.self) { group in
            let started = ContinuousClock.now
            group.addTask {
                await work()
                try? await Task.sleep(until: started + time, clock: .continuous)
                end.set()
                return GoodSamples()
            }
            let numbers = RequestNumbers()
            for _ in 0..<max(8, rate / 4) {
                let connection = try await HostileConnection.open(port: target.port)
                group.addTask {
                    var own = GoodSamples()
                    var answers = 0
                    while !end.isSet {
                        let number = numbers.next()
                        let intended = started + .nanoseconds(number * 1_000_000_000 / rate)
                        try? await Task.sleep(until: intended, clock: .continuous)
                        await connection.send(request(number))
                        answers += 1
                        let transcript = await connection.transcript(
                            answers: answers, untilClosed: false, within: .seconds(30))
                        own.latencies.append(.now - intended)
                        let isGood = transcript.answers.count == answers && transcript.answers.last?.status == 200
                        if !isGood { own.failures += 1 }
                        if transcript.isClosed { break }
                    }
                    await connection.close()
                    return own
                }
            }
            var all = GoodSamples()
            for try await own in group {
                all.latencies += own.latencies
                all.failures += own.failures
            }
            all.latencies.sort()
            return all
        }
    }

    private func request(_ number: Int) -> [UInt8] {
        if number % 2 == 1 { return Array(target.get("/payment-methods").utf8) }
        let body = #"{"amount":"5.00","shopTransactionID":"good-\#(number)","creditCardToken":"OK-1"}"#
        return target.request(Array(body.utf8))
    }
}
