import NIOCore
import Synchronization

/// Latencies and failures of one run.
struct LoadSamples: Sendable {
    /// From sending (closed loop) or from the intended start (fixed rate) to the end of the answer.
    var latenciesNanoseconds: [Int64] = []
    var errors = 0
    var elapsedNanoseconds: Int64 = 0
}

/// Sends requests over as many connections as are in flight.
struct LoadGenerator: Sendable {
    let port: Int
    /// The bytes of request number n.
    let requests: @Sendable (Int) -> [UInt8]

    fileprivate final class Shared: Sendable {
        let samples = Mutex(LoadSamples())
        let next = Atomic(0)
    }

    /// Keeps so many requests in flight for this long.
    func closedLoop(inFlight: Int, for time: Duration) async throws -> LoadSamples {
        let shared = Shared()
        let started = NIODeadline.now()
        let end = started + TimeAmount(time)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<inFlight {
                let connection = try await LoadConnection.open(port: port)
                group.addTask {
                    var own = LoadSamples()
                    while NIODeadline.now() < end {
                        let number = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
                        await send(number, on: connection, intended: NIODeadline.now(), into: &own)
                    }
                    try await connection.close()
                    shared.add(own)
                }
            }
            try await group.waitForAll()
        }
        return shared.finish(since: started)
    }

    /// Starts so many requests a second, whatever becomes of earlier ones, and measures from the intended start.
    func fixedRate(perSecond rate: Int, for time: Duration) async throws -> LoadSamples {
        let shared = Shared()
        let total = rate * Int(time.components.seconds)
        let width = min(max(rate / 4, 8), 512)
        let started = NIODeadline.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<width {
                let connection = try await LoadConnection.open(port: port)
                group.addTask {
                    var own = LoadSamples()
                    while true {
                        let number = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
                        guard number < total else { break }
                        let intended = started + .nanoseconds(Int64(number) * 1_000_000_000 / Int64(rate))
                        let wait = intended - NIODeadline.now()
                        if wait.nanoseconds > 0 { try await Task.sleep(for: .nanoseconds(wait.nanoseconds)) }
                        await send(number, on: connection, intended: intended, into: &own)
                    }
                    try await connection.close()
                    shared.add(own)
                }
            }
            try await group.waitForAll()
        }
        return shared.finish(since: started)
    }

    private func send(
        _ number: Int, on connection: LoadConnection, intended: NIODeadline, into samples: inout LoadSamples
    ) async {
        let status = (try? await connection.send(requests(number))) ?? 0
        samples.latenciesNanoseconds.append((NIODeadline.now() - intended).nanoseconds)
        if !(200...299).contains(status) { samples.errors += 1 }
    }
}

extension LoadGenerator.Shared {
    fileprivate func add(_ own: LoadSamples) {
        samples.withLock {
            $0.latenciesNanoseconds += own.latenciesNanoseconds
            $0.errors += own.errors
        }
    }

    fileprivate func finish(since started: NIODeadline) -> LoadSamples {
        samples.withLock {
            $0.elapsedNanoseconds = (NIODeadline.now() - started).nanoseconds
            $0.latenciesNanoseconds.sort()
            return $0
        }
    }
}
