import Foundation
import Shared
import Testing

/// What docker-compose.yml starts, works: its commands with its environments, as processes of this machine.
@Suite(.serialized)
struct ComposeTests {
    @Test(.timeLimit(.minutes(3)))
    func aPaymentTravelsThroughTheComposedServices() async throws {
        let compose = try ComposeFile()
        let names = try compose.service("topics").environment
        let partitions = names.filter { $0.key.hasSuffix("_PARTITIONS") }
        #expect(partitions.count == 2)
        try await withInstallation(partitions) { installation in
            let translation = try await Translation(compose, installation)
            // The embedded broker has its topics from the start and takes no requests to create some.
            if installation.environment["KAFKA_EMBEDDED"] == nil {
                let topics = try await translation.start("topics", installation)
                #expect(try await eventually(within: .seconds(60)) { !topics.isRunning })
                #expect(topics.status == 0, "\(topics.output)")
            }
            for service in compose.services where service.isOurs && service.name != "topics" {
                try await translation.start(service.name, installation)
            }
            let areReady = try await eventually(within: .seconds(60)) {
                for url in translation.healthURLs where try await !installation.answers(url) { return false }
                return true
            }
            #expect(areReady, "not every service became ready")
            try await pay(at: translation.url("ingress"), merchant: translation.url("sandbox"))
        }
    }

    private func pay(at ingress: String, merchant: String) async throws {
        let paid = try await API.post(
            ingress + "/generic-provider/credit-cards/pay",
            .object(["amount": .string("5.00"), "shopTransactionID": .string("compose-1")]))
        #expect(paid.status == 200)
        // The hosted page's address is the one for browsers, outside the network of the services.
        let page = try #require(paid.body["redirectToUrl"]?.stringValue)
        #expect(page.hasPrefix("http://localhost:8081/"))
        _ = try await API.post(merchant + page.dropFirst("http://localhost:8081".count) + "/pay")
        let isNotified = try await eventually(within: .seconds(30)) {
            let list = try await API.get(merchant + "/-/merchant/notifications").body
            return String(describing: list).contains("compose-1")
        }
        #expect(isNotified)
        let status = try await API.get(ingress + "/generic-provider/status?shopTransactionId=compose-1")
        #expect(status.body["status"]?.stringValue == "ACCEPTED")
    }

    @Test func theBrokersSurviveTheLossOfOne() throws {
        let compose = try ComposeFile()
        let brokers = compose.services.filter { !$0.isOurs }
        #expect(brokers.count == 3)
        #expect(Set(brokers.compactMap { $0.environment["KAFKA_NODE_ID"] }).count == 3)
        for broker in brokers {
            #expect(broker.hasHealthCheck)
            #expect(broker.environment["KAFKA_DEFAULT_REPLICATION_FACTOR"] == "3")
            #expect(broker.environment["KAFKA_MIN_INSYNC_REPLICAS"] == "2")
            #expect(broker.environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false")
            #expect(broker.environment["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://\(broker.name):9092")
        }
        let servers = Set(brokers.map { $0.name + ":9092" })
        for service in compose.services where service.isOurs && service.name != "sandbox" {
            let told = service.environment["KAFKA_BOOTSTRAP_SERVERS"] ?? ""
            #expect(Set(told.split(separator: ",").map(String.init)) == servers, "\(service.name)")
        }
        let topics = try compose.service("topics")
        #expect(topics.environment["KAFKA_REPLICATION_FACTOR"] == "3")
        #expect(topics.dependencies == Dictionary(uniqueKeysWithValues: brokers.map { ($0.name, "service_healthy") }))
    }

    @Test func theRolesWaitForTheTopics() throws {
        let compose = try ComposeFile()
        let roles = compose.services.filter { $0.isOurs && $0.profiles.isEmpty && $0.name != "topics" }
        #expect(roles.compactMap(\.command.first).sorted() == ["ingress", "notifier", "worker", "worker"])
        for role in roles { #expect(role.dependencies == ["topics": "service_completed_successfully"], "\(role.name)") }
        #expect(try compose.service("sandbox").profiles == ["simulators"])
    }

    @Test func theImageRunsWithoutPrivilegesAndTellsItsHealth() throws {
        let lines = try ComposeFile.text("Dockerfile").split(separator: "\n")
        let final = lines.suffix(from: lines.lastIndex { $0.hasPrefix("FROM ") } ?? 0)
        let user = final.first { $0.hasPrefix("USER ") }.flatMap { Int($0.dropFirst(5)) }
        #expect(try #require(user) > 0)
        #expect(final.contains { $0.hasPrefix("HEALTHCHECK ") })
        #expect(final.contains("ENTRYPOINT [\"pgm\"]"))
        let ignored = try ComposeFile.text(".dockerignore")
        #expect(ignored.contains("\n*\n"), "what is not named, an .env file for instance, stays out of the image")
    }

    @Test(.enabled(if: Self.dockerCompose != nil), .timeLimit(.minutes(1)))
    func dockerComposeAcceptsTheFile() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "compose-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (from, to) in [("docker-compose.yml", "docker-compose.yml"), (".env.example", ".env")] {
            try FileManager.default.copyItem(
                at: ComposeFile.root.appending(path: from), to: directory.appending(path: to))
        }
        let process = Process()
        process.executableURL = Self.dockerCompose
        process.arguments = ["--profile", "simulators", "config", "--quiet"]
        process.currentDirectoryURL = directory
        try process.run()
        #expect(try await eventually(within: .seconds(30)) { !process.isRunning })
        #expect(process.terminationStatus == 0)
    }

    private static let dockerCompose = ["/usr/bin/docker-compose", "/usr/local/bin/docker-compose"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }.map { URL(filePath: $0) }

    /// Turns host names and ports of the composed network into those of this machine.
    private struct Translation {
        private let compose: ComposeFile
        private var ports: [String: Int] = [:]
        private var admin: [String: Int] = [:]

        init(_ compose: ComposeFile, _ installation: Installation) async throws {
            self.compose = compose
            let ours = compose.services.filter { $0.isOurs && $0.name != "topics" }
            let free = try await Installation.freePorts(ours.count)
            for (service, port) in zip(ours, free) {
                if service.environment["ADMIN_PORT"] == nil {
                    ports[service.name] = port
                } else {
                    admin[service.name] = port
                }
            }
        }

        func url(_ service: String) -> String { "http://127.0.0.1:\(ports[service] ?? 0)" }

        var healthURLs: [String] {
            [url("ingress") + "/-/ready", url("sandbox") + "/-/merchant/notifications"]
                + admin.values.map { "http://127.0.0.1:\($0)/-/ready" }
        }

        @discardableResult
        func start(_ name: String, _ installation: Installation) async throws -> PGMProcess {
            let service = try compose.service(name)
            var environment = service.environment.mapValues(translated)
            if environment["KAFKA_BOOTSTRAP_SERVERS"] != nil {
                for (name, value) in installation.environment where Self.ofTheTest.contains(name) {
                    environment[name] = value
                }
            }
            if environment["HTTP_PORT"] != nil { environment["HTTP_PORT"] = "\(ports[name] ?? 0)" }
            if let port = admin[name] { environment["ADMIN_PORT"] = "\(port)" }
            let arguments = service.command.map { $0 == "8081" ? "\(ports[name] ?? 0)" : $0 }
            return try await installation.start(arguments, environment: environment)
        }

        /// What the test's broker decides; everything else is the file's.
        private static let ofTheTest: Set<String> = [
            "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_EMBEDDED", "KAFKA_TOPIC_PREFIX", "KAFKA_REPLICATION_FACTOR",
        ]

        private func translated(_ value: String) -> String {
            ports.reduce(value) { value, entry in
                let port = entry.key == "sandbox" ? 8081 : 8080
                return value.replacing("http://\(entry.key):\(port)", with: "http://127.0.0.1:\(entry.value)")
            }
        }
    }
}
