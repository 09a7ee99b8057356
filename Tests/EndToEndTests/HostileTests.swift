import Synchronization
import Testing

@testable import Hostile

/// Every hostile class against a process of its own, beside well-formed requests.
@Suite
struct HostileTests {
    @Test(.timeLimit(.minutes(5)))
    func everyHostileRequestGetsItsExactAnswerAndNoGoodOneFails() async throws {
        let port = try await Installation.freePorts(1)[0]
        let server = try await HostileServer.start(executable: PGMProcess.executable, port: port)
        defer { server.stop() }
        let classes = server.target.classes
        #expect(classes.count >= 25)
        #expect(Set(classes.map(\.name)).count == classes.count)
        let results = Results()
        let runner = HostileRunner(target: server.target)
        let good = try await GoodTraffic(target: server.target, rate: 20).run(
            beside: {
                // The slow ones cost the server nothing but connections, so all of them run beside the others.
                await withTaskGroup(of: Void.self) { group in
                    for hostile in classes where hostile.isSlow {
                        group.addTask { results.append(await runner.run(hostile)) }
                    }
                    for hostile in classes where !hostile.isSlow { results.append(await runner.run(hostile)) }
                }
            }, atLeast: .zero)
        for result in results.value {
            print("| \(result.name) | \(result.countsText) |")
            #expect(result.counts.values.reduce(0, +) == HostileClass.requestsEach, "\(result.name)")
            #expect(result.wrongCount == 0, "\(result.name): \(result.problems.joined(separator: "; "))")
        }
        #expect(results.value.count == classes.count)
        #expect(good.failures == 0)
        #expect(good.latencies.count > 20)
        #expect(server.isRunning, "a hostile request ended the process")
    }

    @Test func theJudgeSeesWhatIsWrong() {
        let expected = HostileClass.Expectation.refusal(400, "INVALID_JSON", closes: true)
        let good = Transcript(answers: [Self.answer(400, "INVALID_JSON")], isClosed: true)
        #expect(HostileJudge.problem(with: good, expected: expected) == nil)
        let wrong: [Transcript] = [
            Transcript(answers: [], isClosed: true),
            Transcript(answers: [Self.answer(400, "INVALID_FIELD")], isClosed: true),
            Transcript(answers: [Self.answer(400, "INVALID_JSON")], isClosed: false),
            Transcript(answers: [Self.answer(400, "INVALID_JSON")], isClosed: true, leftoverCount: 1),
            Transcript(answers: [Self.answer(400, "INVALID_JSON", message: HostileClass.marker)], isClosed: true),
            Transcript(answers: [Self.answer(400, "INVALID_JSON", message: "")], isClosed: true),
            Transcript(answers: [Self.answer(400, "INVALID_JSON", header: "other")], isClosed: true),
            Transcript(answers: [Self.answer(404, "INVALID_JSON")], isClosed: true),
            Transcript(answers: [WireAnswer(status: 400, headers: [:], body: [])], isClosed: true),
        ]
        for transcript in wrong { #expect(HostileJudge.problem(with: transcript, expected: expected) != nil) }
    }

    private static func answer(
        _ status: Int, _ code: String, message: String = "text", header: String = "id"
    ) -> WireAnswer {
        let body = #"{"statusCode":\#(status),"error":"e","code":"\#(code)","message":"\#(message)","requestId":"id"}"#
        return WireAnswer(
            status: status,
            headers: ["x-request-id": header, "content-type": "application/json; charset=utf-8"],
            body: Array(body.utf8))
    }
}

/// Results of classes that run at the same time.
private final class Results: Sendable {
    private let state = Mutex<[HostileResult]>([])

    var value: [HostileResult] { state.withLock { $0 } }

    func append(_ result: HostileResult) {
        state.withLock { $0.append(result) }
    }
}
