import Foundation
import Yams

/// The services of `docker-compose.yml`, with their settings filled in from `.env.example`.
struct ComposeFile {
    /// One service.
    struct Service {
        let name: String
        let isOurs: Bool
        let command: [String]
        let environment: [String: String]
        /// Services that it waits for, each with the condition.
        let dependencies: [String: String]
        let hasHealthCheck: Bool
        let profiles: [String]
    }

    let services: [Service]

    /// Reads the two files of the repository.
    init() throws {
        let example = try Self.settings(of: Self.text(".env.example"))
        guard let root = try Yams.load(yaml: Self.text("docker-compose.yml")) as? [String: Any],
            let services = root["services"] as? [String: [String: Any]]
        else { throw InstallationError(problem: "docker-compose.yml has no services") }
        self.services = try services.map { try Self.service($0, $1, example) }.sorted { $0.name < $1.name }
    }

    func service(_ name: String) throws -> Service {
        guard let service = services.first(where: { $0.name == name }) else {
            throw InstallationError(problem: "there is no service \(name)")
        }
        return service
    }

    /// Text of a file at the repository's root.
    static func text(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: name), encoding: .utf8)
    }

    static let root = URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL

    /// `NAME=value` lines; lines with # and empty ones do not count.
    static func settings(of text: String) -> [String: String] {
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }.reduce(into: [:]) { settings, line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2 { settings[parts[0]] = parts[1] }
        }
    }

    private static func service(
        _ name: String, _ value: [String: Any], _ example: [String: String]
    ) throws -> Service {
        let environment = try (value["environment"] as? [String: Any] ?? [:]).mapValues { raw in
            guard let text = raw as? String else {
                throw InstallationError(problem: "\(name): a setting is not a string: \(raw)")
            }
            return try interpolated(text, example)
        }
        let dependencies = (value["depends_on"] as? [String: [String: String]] ?? [:]).mapValues {
            $0["condition"] ?? ""
        }
        let check = value["healthcheck"] as? [String: Any]
        return Service(
            name: name, isOurs: value["build"] != nil,
            command: (value["command"] as? [Any] ?? []).map { "\($0)" }, environment: environment,
            dependencies: dependencies, hasHealthCheck: check?["test"] != nil,
            profiles: value["profiles"] as? [String] ?? [])
    }

    /// `${NAME:-fallback}` and `${NAME:?message}` as Compose fills them in; `:?` fails on an empty value.
    private static func interpolated(_ text: String, _ settings: [String: String]) throws -> String {
        var result = ""
        var rest = text[...]
        while let match = rest.firstMatch(of: /\$\{([A-Z0-9_]+):([-?])([^}]*)\}/) {
            let value = settings[String(match.1)] ?? ""
            if value.isEmpty, match.2 == "?" {
                throw InstallationError(problem: "\(match.1) is required and not in .env.example")
            }
            result += rest[..<match.range.lowerBound] + (value.isEmpty ? String(match.3) : value)
            rest = rest[match.range.upperBound...]
        }
        result += rest
        guard !result.contains("$") else { throw InstallationError(problem: "\(text) is not understood") }
        return result
    }
}
