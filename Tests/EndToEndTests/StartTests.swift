import Foundation
import Testing

/// What a process says when it cannot start, and how it ends when it is told to.
@Suite
struct StartTests {
    @Test(.timeLimit(.minutes(1)))
    func aStartWithWrongSettingsNamesAllOfThem() async throws {
        let directory = FileManager.default.temporaryDirectory
        let process = try PGMProcess(
            ["ingress"],
            environment: [
                "ENABLED_PROVIDERS": "stripe,nobody", "HTTP_PORT": "99999", "PGM_ENCRYPTION_KEYS": "short:AAAA",
                "KAFKA_CONFIG_ACKS": "0", "STRIPE_TIMEOUT_SECONDS": "29",
            ], directory: directory)
        #expect(try await eventually(within: .seconds(20)) { !process.isRunning })
        #expect(process.status == 78)
        let wrong = [
            "KAFKA_BOOTSTRAP_SERVERS", "HTTP_PORT", "PGM_ENCRYPTION_KEYS", "KAFKA_CONFIG_ACKS", "ENABLED_PROVIDERS",
            "STRIPE_PRIVATE_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_TIMEOUT_SECONDS",
        ]
        for name in wrong { #expect(process.output.contains("  \(name): "), "\(name) is not named") }
        #expect(!process.output.contains("AAAA"))
    }

    @Test(.timeLimit(.minutes(1)), arguments: [SIGINT, SIGTERM])
    func developmentModeEndsCleanlyWhenItIsTold(signal: Int32) async throws {
        let port = try await Installation.freePorts(1)[0]
        let process = try PGMProcess(
            ["dev"], environment: ["HTTP_PORT": "\(port)"], directory: FileManager.default.temporaryDirectory)
        let url = "http://127.0.0.1:\(port)/-/ready"
        #expect(try await eventually(within: .seconds(30)) { (try? await API.get(url).status) == 200 })
        process.send(signal)
        #expect(try await eventually(within: .seconds(20)) { !process.isRunning })
        #expect(process.status == 0)
        #expect(process.output.contains("/generic-provider/credit-cards/pay"), "the banner tells what to try")
    }

    @Test(.timeLimit(.minutes(1)))
    func aMissingTopicEndsTheProcessAndSaysWhatToDo() async throws {
        try await withInstallation { installation in
            let process = try await installation.start("notifier", extra: ["KAFKA_TOPIC_PREFIX": "absent-"])
            #expect(try await eventually(within: .seconds(30)) { !process.isRunning })
            #expect(process.status != 0)
            #expect(process.output.contains("absent-results does not exist; create it with: pgm topics create"))
        }
    }
}
