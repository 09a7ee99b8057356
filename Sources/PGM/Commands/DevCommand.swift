import ArgumentParser
import Foundation
import Hummingbird
import Ingress
import Sandbox
import ServiceLifecycle
import Shared
import Worker

/// `pgm dev`: every role in one process, with an embedded broker and simulated providers, on one loopback port.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Everything in one process on 127.0.0.1:8080, nothing to set up.")

    func run() async throws {
        var environment = ProcessInfo.processInfo.environment
        let port = environment["HTTP_PORT"].flatMap { Int($0) } ?? 8080
        let url = "http://127.0.0.1:\(port)"
        for (name, value) in Self.defaults(url: url) where (environment[name] ?? "").isEmpty {
            environment[name] = value
        }
        let completed = environment
        try await Start.withSettings(environment: environment) { reader in
            let process = ProcessSettings(role: "dev", reader: &reader)
            let selection = ProviderSelection(reader: &reader)
            let settings = RoleSettings.ingress(process, &reader)
            selection.check(against: settings.requestTimeout, &reader)
            let worker = RoleSettings.worker(process, &reader)
            let notifier = RoleSettings.notifier(process, &reader)
            let latency = SandboxAssembly.latency(&reader)
            try reader.finish()
            guard let signer = notifier.signer else { return }
            let broker = try EmbeddedBroker(
                topics: process.plan.topics(named: process.topics, providers: selection.names))
            let assembly = try RoleAssembly(process.connected(to: broker))
            let (sandbox, client) = SandboxAssembly.make(
                publicURL: url, environment: completed, latency: latency, logger: assembly.logger)
            let workers = try assembly.workers(selection, worker)
            let notifications = try assembly.notifier(
                settings: notifier.settings, signer: signer, lanes: notifier.lanes)
            let (ingress, ingressServices) = try assembly.ingress(
                settings: settings, selection: selection,
                parts: workers.parts + notifications.parts)
            let server = ingress.server(
                fallback: { request, source in
                    guard sandbox.handles(path: request.uri.path) else { return nil }
                    return try await sandbox.respond(to: request, source: source)
                },
                onListening: { _ in
                    print(Self.banner(url: url))
                    fflush(nil)
                })
            let infrastructure: [any Service] = [
                BrokerService(broker: broker), assembly.producer, ClientShutdown(client: client), sandbox,
            ]
            try await assembly.run(
                infrastructure + notifications.services + workers.services + ingressServices
                    + [server, ingress.administrationServer].compactMap(\.self))
        }
    }

    /// What makes the zero-setup default; a variable that is set wins.
    static func defaults(url: String) -> [String: String] {
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        return [
            "HTTP_HOST": "127.0.0.1",
            "KAFKA_BOOTSTRAP_SERVERS": "embedded",
            "KAFKA_EMBEDDED": "true",
            "PGM_ENCRYPTION_KEYS": "dev:" + key,
            "ENABLED_PROVIDERS": "generic-provider,stripe",
            "PGM_PUBLIC_URL": url,
            "PAYMENT_CALLBACK_URL": url + "/-/merchant/notifications",
            "PAYMENT_CALLBACK_SECRETS": "whsec_" + Data("development-secret-of-pgm".utf8).base64EncodedString(),
            "GENERIC_PROVIDER_BASE_URL": url + "/-/sandbox/generic-provider",
            "GENERIC_PROVIDER_API_KEY": "generic-sandbox-key",
            "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-sandbox-secret",
            "STRIPE_BASE_URL": url + "/-/sandbox/stripe",
            "STRIPE_PRIVATE_KEY": "sk_test_sandbox",
            "STRIPE_WEBHOOK_SECRET": "whsec_sandbox",
        ]
    }

    static func banner(url: String) -> String {
        """

        Payment Gateway Manager, development mode: \(url)

        Start a payment:
          curl -s \(url)/generic-provider/credit-cards/pay -H 'Content-Type: application/json' \\
            -d '{"amount":"5.00","shopTransactionID":"order-1"}'
        Open its redirectToUrl in a browser, press Pay, and see what the merchant was told:
          curl -s \(url)/-/merchant/notifications
        Ask for the outcome:
          curl -s '\(url)/generic-provider/status?shopTransactionId=order-1'
        What the simulated provider charged:
          curl -s \(url)/-/sandbox/generic-provider/__accounts

        README.md has the whole tour. Ctrl-C stops.

        """
    }
}

extension ProcessSettings {
    /// The same settings for a broker inside this process.
    func connected(to broker: EmbeddedBroker) -> ProcessSettings {
        var copy = self
        copy.kafka.bootstrapServers = broker.bootstrapServers
        return copy
    }
}
