import Foundation
import Testing

/// Runs `Scripts/tour` on small READMEs.
///
/// A script named curl stands in for the network, another for the program.
@Suite("The tour compares what a README says with what happens", .serialized)
struct TourTests {
    @Test func aReadmeThatTellsTheTruthPasses() async throws {
        let outcome = try await tour(
            """
            # Product
            ```console
            $ false
            ```
            ## A five-minute tour
            ```console
            $ NAME=$(printf \\
            >   'first')
            $ echo "a $NAME (.*) [x] ^ $ \\\\ end"
            a … (.*) [x] ^ $ \\ end
            $ printf 'one\\ntwo\\nthree\\n'
            one
            …
            three
            ```
            ## Next
            ```console
            $ false
            ```
            """)
        #expect(outcome.lines.last == "4 passed, 0 failed")
        #expect(outcome.status == 0)
    }

    @Test func ofAPageThatIsATourEverythingIsRun() async throws {
        let block = "```console\n$ echo shown\nshown\n```"
        let outcome = try await tour("# The whole tour\n\(block)\n## Next\n### Deeper\n\(block)\n# Another\n\(block)")
        #expect(outcome.lines.last == "4 passed, 0 failed")
        #expect(outcome.status == 0)
    }

    @Test(arguments: [
        "$ echo other\nexpected", "$ false", "$ echo unexpected", "$ true\nexpected", "$ echo a.c\nabc",
        "$ printf 'a\\nb\\nc\\n'\na\nc", "$ printf 'ab'\na…c", "$ printf 'a\\nb\\n'\n…a", "$ curl -X POST /later\nnow",
    ])
    func anotherAnswerFailsAndSoDoesTheTour(step: String) async throws {
        let outcome = try await tour("## A five-minute tour\n```console\n\(step)\n```")
        #expect(outcome.lines.last == "1 passed, 1 failed")
        #expect(outcome.status != 0)
    }

    @Test func aReadThatAnswersLaterIsRepeated() async throws {
        let outcome = try await tour("## A five-minute tour\n```console\n$ curl /later\nnow\n```")
        #expect(outcome.lines.last == "2 passed, 0 failed")
    }

    @Test func aProgramThatEndsBadlyFailsTheTour() async throws {
        let outcome = try await tour("## A five-minute tour\n```console\n$ true\n```", exitStatus: 3)
        #expect(outcome.lines.last == "1 passed, 1 failed")
        #expect(outcome.status != 0)
    }

    @Test(arguments: [
        "# Nothing", "## A five-minute tour\n```console\noutput\n```", "## A five-minute tour\n```console\n$ true",
        "## A five-minute tour\n```sh\ntrue\n```", "## A five-minute tour\n  ```console\n  $ true\n  ```",
        "## A five-minute tour\n```console\n$ exit 0\n```",
    ])
    func aReadmeThatCannotBeRunFails(readme: String) async throws {
        #expect(try await tour(readme).status != 0)
    }

    private struct Outcome {
        var status: Int32
        var lines: [String]
    }

    /// Answers readiness at once, and `/later` only when asked for the second time.
    private static let curl = """
        #!/usr/bin/env bash
        case "$*" in
        *later*) if [ -e "$STATE/asked" ]; then echo now; else touch "$STATE/asked"; fi ;;
        esac
        """
    private static let program = """
        #!/usr/bin/env bash
        trap 'exit '"$1" INT
        while :; do sleep 0.05; done
        """

    private func tour(_ readme: String, exitStatus: Int = 0) async throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let curl = Self.curl.replacingOccurrences(of: "$STATE", with: folder.path)
        for (name, text) in [("README.md", readme), ("curl", curl), ("program", Self.program)] {
            let file = folder.appendingPathComponent(name)
            try Data(text.utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        let process = Process()
        process.executableURL = Repository.root.appendingPathComponent("Scripts/tour")
        process.arguments = ["README.md", "program"].map { folder.appendingPathComponent($0).path } + ["\(exitStatus)"]
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        // Port 1 is free everywhere: nothing is ever bound to it here, the program above opens none.
        process.environment = ["PATH": "\(folder.path):\(path)", "TOUR_PORT": "1", "LANG": "C.UTF-8"]
        let output = folder.appendingPathComponent("output")
        try Data().write(to: output)
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        return Outcome(
            status: process.terminationStatus, lines: text.split(separator: "\n").map(String.init))
    }
}
