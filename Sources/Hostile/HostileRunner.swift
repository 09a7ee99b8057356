import Foundation

/// What became of one class.
struct HostileResult: Sendable {
    /// The class.
    var name: String
    /// How often each outcome came, as it stands in the table: `400` or `200 408` or `closed`.
    var counts: [String: Int] = [:]
    /// What came otherwise than expected, the first few.
    var problems: [String] = []
    /// Requests of which something other came than expected.
    var wrongCount = 0

    /// All outcomes, the most frequent first.
    var countsText: String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) × \($0.value)" }
            .joined(separator: ", ")
    }
}

/// Sends the requests of a class and compares what comes with what must.
struct HostileRunner: Sendable {
    /// The server.
    let target: HostileTarget
    /// Requests on their way at once.
    var inFlight = 16
    /// Time over which the requests of a class are spread; zero for as fast as they go.
    var spread: Duration = .zero

    private static let problemsMax = 3

    /// Runs one class.
    func run(_ hostile: HostileClass) async -> HostileResult {
        let results = ResultBox()
        results.set(HostileResult(name: hostile.name))
        let numbers = RequestNumbers()
        let started = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<(hostile.isSlow ? HostileClass.requestsEach : inFlight) {
                group.addTask {
                    while true {
                        let number = numbers.next()
                        guard number < HostileClass.requestsEach else { return }
                        let due = started + spread * number / HostileClass.requestsEach
                        try? await Task.sleep(until: due, clock: .continuous)
                        let (outcome, problem) = await request(number, of: hostile)
                        results.update { result in
                            result.counts[outcome, default: 0] += 1
                            guard let problem else { return }
                            result.wrongCount += 1
                            if result.problems.count < Self.problemsMax {
                                result.problems.append("request \(number): \(problem)")
                            }
                        }
                    }
                }
            }
        }
        return results.value
    }

    /// Runs one request; tells what came and what is wrong with it.
    private func request(_ number: Int, of hostile: HostileClass) async -> (outcome: String, problem: String?) {
        guard let connection = try? await HostileConnection.open(port: target.port) else {
            return ("not connected", "no connection")
        }
        let patience = target.readTimeout + .seconds(20)
        var isAborted = false
        await withTaskGroup(of: Void.self) { group in
            for step in hostile.steps(number) {
                switch step {
                case .send(let bytes): await connection.send(bytes)
                case .drip(let bytes, let pause):
                    group.addTask { await drip(bytes, pause, over: connection) }
                case .endSending: await connection.endSending()
                case .abort:
                    await connection.close()
                    isAborted = true
                }
            }
            if !isAborted, hostile.isSlow {
                // The drip goes on until the server has had enough.
                _ = await connection.transcript(
                    answers: hostile.expected.answers.count, untilClosed: true, within: patience)
                group.cancelAll()
            }
        }
        let transcript = await connection.transcript(
            answers: hostile.expected.answers.count, untilClosed: hostile.expected.closes, within: patience)
        await connection.close()
        let statuses = transcript.answers.map { String($0.status) }
        let outcome = statuses.isEmpty ? (transcript.isClosed ? "closed" : "nothing") : statuses.joined(separator: " ")
        return (outcome, HostileJudge.problem(with: transcript, expected: hostile.expected))
    }

    private func drip(_ bytes: [UInt8], _ pause: Duration, over connection: HostileConnection) async {
        for byte in bytes {
            do {
                try await Task.sleep(for: pause)
            } catch {
                return
            }
            await connection.send([byte])
        }
    }
}

/// Compares what came with what must.
enum HostileJudge {
    private struct Failure: Decodable {
        var statusCode: Int
        var code: String
        var message: String
        var requestId: String
    }

    /// What is wrong, or `nil`.
    static func problem(with transcript: Transcript, expected: HostileClass.Expectation) -> String? {
        guard transcript.answers.map(\.status) == expected.answers.map(\.status) else {
            return "\(transcript.answers.map(\.status)) instead of \(expected.answers.map(\.status))"
        }
        guard transcript.leftoverCount == 0 else { return "\(transcript.leftoverCount) bytes that are no answer" }
        guard transcript.isClosed || !expected.closes else { return "the connection was left open" }
        for (answer, expectation) in zip(transcript.answers, expected.answers) {
            guard let code = expectation.code else { continue }
            guard let failure = try? JSONDecoder().decode(Failure.self, from: Data(answer.body)) else {
                return "the body is no ErrorResponse"
            }
            guard failure.code == code, failure.statusCode == answer.status else { return "code \(failure.code)" }
            guard !failure.message.isEmpty else { return "no message" }
            guard answer.headers["x-request-id"] == failure.requestId else { return "its id is not that of the header" }
            guard answer.headers["content-type"] == "application/json; charset=utf-8" else { return "no JSON" }
            guard !String(decoding: answer.body, as: UTF8.self).contains(HostileClass.marker) else {
                return "the answer repeats what was sent"
            }
        }
        return nil
    }
}
