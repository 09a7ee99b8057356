import ArgumentParser
import Foundation
import Ingress
import Logging
import ServiceLifecycle
import Shared
import Worker

/// Ends a command whose settings are wrong, with all that is wrong.
enum Start {
    /// Runs the body with a reader of the environment; prints every problem and exits with 78 (EX_CONFIG).
    static func withSettings(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        _ body: (inout SettingsReader) async throws -> Void
    ) async throws {
        var reader = SettingsReader(environment: environment)
        do {
            try await body(&reader)
        } catch let error as SettingsError {
            complain("pgm: these settings are missing or wrong:\n\(error)")
            throw ExitCode(78)
        } catch let error as TopicMismatch {
            complain("pgm: \(error)")
            throw ExitCode(78)
        } catch let error as MissingKeys {
            complain("pgm: \(error)")
            throw ExitCode(78)
        } catch let error as KafkaError {
            complain("pgm: Kafka: \(error)")
            throw ExitCode(1)
        }
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

/// The command `pgm ingress`.
struct IngressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingress", abstract: "Takes API calls and provider callbacks.")

    func run() async throws {
        try await Start.withSettings { reader in
            let process = ProcessSettings(role: "ingress", reader: &reader)
            let selection = ProviderSelection(reader: &reader)
            let settings = RoleSettings.ingress(process, &reader)
            selection.check(against: settings.requestTimeout, &reader)
            try reader.finish()
            let assembly = try RoleAssembly(process)
            let (ingress, services) = try assembly.ingress(settings: settings, selection: selection)
            let server = ingress.server(onListening: { address in
                assembly.logger.info("listening", metadata: .of([.address: address.map { "\($0)" } ?? ""]))
            })
            try await assembly.run(
                [assembly.producer] + services + [server, ingress.administrationServer].compactMap(\.self))
        }
    }
}

/// The command `pgm worker`.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Executes commands against providers.")

    @Flag(help: "Also deliver notifications in this process.")
    var withNotifier = false

    func run() async throws {
        try await Start.withSettings { reader in
            let process = ProcessSettings(role: "worker", reader: &reader)
            let selection = ProviderSelection(reader: &reader)
            selection.check(against: RoleSettings.requestTimeout(&reader), &reader)
            let settings = RoleSettings.worker(process, &reader)
            let notifier = withNotifier ? RoleSettings.notifier(process, &reader) : nil
            try reader.finish()
            let assembly = try RoleAssembly(process)
            let workers = try assembly.workers(selection, settings)
            var services: [any Service] = [assembly.producer] + workers.services
            var parts = assembly.parts + workers.parts
            if let notifier, let signer = notifier.signer {
                let made = try assembly.notifier(settings: notifier.settings, signer: signer, lanes: notifier.lanes)
                services += made.services
                parts += made.parts
            }
            try await assembly.run(services + assembly.adminServer(parts))
        }
    }
}

/// The command `pgm notifier`.
struct NotifierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notifier", abstract: "POSTs outcomes to the merchant.")

    func run() async throws {
        try await Start.withSettings { reader in
            let process = ProcessSettings(role: "notifier", reader: &reader)
            let notifier = RoleSettings.notifier(process, &reader)
            try reader.finish()
            guard let signer = notifier.signer else { return }
            let assembly = try RoleAssembly(process)
            let made = try assembly.notifier(settings: notifier.settings, signer: signer, lanes: notifier.lanes)
            try await assembly.run(
                [assembly.producer] + made.services + assembly.adminServer(assembly.parts + made.parts))
        }
    }
}
