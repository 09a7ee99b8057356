import Foundation
import Shared
import Testing

/// What operators are told, and on which port.
@Suite(.serialized)
struct AdministrationTests {
    private static let paths = ["/-/healthz", "/-/ready", "/-/check-up", "/-/metrics"]

    @Test(.timeLimit(.minutes(2)))
    func withAnAdministrationPortNothingOfItIsOnTheMainPort() async throws {
        try await withInstallation { installation in
            let port = try await Installation.freePorts(1)[0]
            try await installation.start("ingress", extra: ["ADMIN_PORT": "\(port)"])
            let administration = "http://127.0.0.1:\(port)"
            #expect(
                try await eventually(within: .seconds(30)) {
                    try await installation.answers(administration + "/-/ready")
                })
            for path in Self.paths {
                #expect(try await API.get(administration + path).status == 200, "\(path)")
                #expect(try await API.get(installation.apiURL + path).status == 404, "\(path)")
            }
            #expect(try await API.get(administration + "/payment-methods").status == 404)
            #expect(try await API.get(installation.apiURL + "/payment-methods").status == 200)
            let type = try await API.get(administration + "/-/metrics").headers["content-type"]
            #expect(type == "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func theCheckUpTellsTheStateOfEachDependency() async throws {
        try await withInstallation(["NOTIFY_DOWN_AFTER_FAILURES": "3", "NOTIFY_PROBE_SECONDS": "600"]) { installation in
            let ports = try await Installation.freePorts(2)
            try await installation.start("ingress")
            try await installation.start("worker", extra: ["ADMIN_PORT": "\(ports[0])"])
            // Nothing listens there.
            let nowhere = "http://127.0.0.1:\(try await Installation.freePorts(1)[0])/"
            try await installation.start(
                "notifier", extra: ["ADMIN_PORT": "\(ports[1])", "PAYMENT_CALLBACK_URL": nowhere])
            let worker = "http://127.0.0.1:\(ports[0])/-/check-up"
            let notifier = "http://127.0.0.1:\(ports[1])/-/check-up"
            let ingress = installation.apiURL + "/-/check-up"
            for url in [ingress, worker, notifier] {
                #expect(try await eventually(within: .seconds(60)) { try await installation.answers(url) })
            }
            try await expect(ingress, ["broker": "UP", "replies": "UP", "topics.ingress": "UP"])
            try await expect(
                worker,
                [
                    "broker": "UP", "worker.stripe": "UP", "worker.generic-provider": "UP",
                    "topics.worker": "UP",
                    "journal.stripe": "UP", "journal.generic-provider": "UP",
                ])
            try await expect(notifier, ["broker": "UP", "notifier": "UP", "topics.notifier": "UP", "merchant": "UP"])
            try await fail(installation, payments: 4)
            // The merchant's fault is told, and is no reason to take the process out of service.
            #expect(
                try await eventually(within: .seconds(30)) {
                    try await API.get(notifier).body["dependencies", "merchant", "status"]?.stringValue == "DOWN"
                })
            #expect(try await API.get(notifier).status == 200)
        }
    }

    @Test(.timeLimit(.minutes(2)), .disabled(if: Installation.isOnCluster, "the broker is not ours to stop"))
    func withoutABrokerTheCheckUpIsRed() async throws {
        try await withInstallation { installation in
            try await installation.start("ingress")
            let url = installation.apiURL + "/-/check-up"
            #expect(try await eventually(within: .seconds(30)) { try await installation.answers(url) })
            await installation.stopBroker()
            #expect(
                try await eventually(within: .seconds(30)) {
                    let answer = try await API.get(url)
                    return answer.status == 503 && answer.body["status"]?.stringValue == "KO"
                        && answer.body["dependencies", "broker", "status"]?.stringValue == "DOWN"
                        && answer.body["dependencies", "replies", "status"]?.stringValue == "DOWN"
                })
        }
    }

    private func expect(_ url: String, _ states: [String: String]) async throws {
        let body = try await API.get(url).body
        #expect(body["status"]?.stringValue == "OK")
        guard case .object(let dependencies)? = body["dependencies"] else {
            Issue.record("no dependencies at \(url)")
            return
        }
        #expect(dependencies.compactMapValues { $0["status"]?.stringValue } == states)
    }

    /// Payments whose notifications cannot be delivered.
    private func fail(_ installation: Installation, payments count: Int) async throws {
        let provider = installation.apiURL + "/generic-provider"
        for index in 0..<count {
            let body = JSONValue.object([
                "amount": .string("5.00"), "shopTransactionID": .string("down-\(index)"),
                "creditCardToken": .string("OK-1"),
            ])
            #expect(try await API.post(provider + "/credit-cards/pay", body).status == 200)
            #expect(try await API.get(provider + "/check?shopTransactionId=down-\(index)").status == 202)
        }
    }
}
