import Hummingbird
import Ingress
import ServiceLifecycle
import Shared

extension RoleAssembly {
    /// Health of a process without an API: `/-/healthz` and `/-/ready` on `ADMIN_PORT`; nothing when that is unset.
    func adminServer(_ checks: [@Sendable () -> [String: Bool]]) -> [any Service] {
        guard let port = process.adminPort else { return [] }
        let router = Router()
        router.get("/-/healthz") { _, _ in Self.json(["status": "OK"], .ok) }
        router.get("/-/ready") { _, _ in
            let report = ReadinessReport(parts: checks.reduce(into: [:]) { $0.merge($1()) { $0 && $1 } })
            return Self.json(report, report.isReady ? .ok : .serviceUnavailable)
        }
        let configuration = ApplicationConfiguration(address: .hostname("0.0.0.0", port: port))
        return [Application(router: router, configuration: configuration, logger: logger)]
    }

    private static func json(_ value: some Encodable, _ status: HTTPResponse.Status) -> Response {
        let bytes = (try? JSONCoding.encode(value)) ?? []
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
